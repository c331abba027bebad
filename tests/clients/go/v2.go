package main

import (
	"context"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2"
	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

func v2(ctx context.Context, transport string) {
	client := connect(ctx, transport, cloudtasks.NewClient, cloudtasks.NewRESTClient)
	defer client.Close()
	name := location + "/queues/push"

	queue := &pb.Queue{Name: name, RateLimits: &pb.RateLimits{MaxDispatchesPerSecond: 5}}
	created := must(client.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: location, Queue: queue}))
	want("state", created.State, pb.Queue_RUNNING)
	got := must(client.GetQueue(ctx, &pb.GetQueueRequest{Name: name}))
	want("the queue as it was created", proto.Equal(got, created), true)
	listed := must(client.ListQueues(ctx, &pb.ListQueuesRequest{Parent: location}).Next())
	want("the only queue", listed.Name, name)
	changed := must(client.UpdateQueue(ctx, &pb.UpdateQueueRequest{
		Queue:      &pb.Queue{Name: name, RetryConfig: &pb.RetryConfig{MaxAttempts: 7}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"retry_config.max_attempts"}},
	}))
	want("max attempts", changed.RetryConfig.MaxAttempts, 7)
	want("dispatches a second", changed.RateLimits.MaxDispatchesPerSecond, 5)
	paused := must(client.PauseQueue(ctx, &pb.PauseQueueRequest{Name: name}))
	want("state", paused.State, pb.Queue_PAUSED)
	resumed := must(client.ResumeQueue(ctx, &pb.ResumeQueueRequest{Name: name}))
	want("state", resumed.State, pb.Queue_RUNNING)

	v2Tasks(ctx, client, name)
	must(client.PurgeQueue(ctx, &pb.PurgeQueueRequest{Name: name}))
	check(client.DeleteQueue(ctx, &pb.DeleteQueueRequest{Name: name}))
}

func v2Tasks(ctx context.Context, client *cloudtasks.Client, queue string) {
	name := queue + "/tasks/named"
	request := &pb.Task_HttpRequest{HttpRequest: &pb.HttpRequest{Url: target, Body: []byte("from Go")}}
	task := &pb.Task{Name: name, MessageType: request, ScheduleTime: later}
	created := must(client.CreateTask(ctx, &pb.CreateTaskRequest{Parent: queue, Task: task}))
	want("name", created.Name, name)
	want("body in the basic view", string(created.GetHttpRequest().Body), "")
	got := must(client.GetTask(ctx, &pb.GetTaskRequest{Name: name, ResponseView: pb.Task_FULL}))
	want("body in the full view", string(got.GetHttpRequest().Body), "from Go")
	want("schedule time", got.ScheduleTime.AsTime(), later.AsTime())
	must(client.RunTask(ctx, &pb.RunTaskRequest{Name: name}))

	task = &pb.Task{MessageType: request, ScheduleTime: later}
	other := must(client.CreateTask(ctx, &pb.CreateTaskRequest{Parent: queue, Task: task})).Name
	tasks := client.ListTasks(ctx, &pb.ListTasksRequest{Parent: queue})
	for listed := must(tasks.Next()); listed.Name != other; listed = must(tasks.Next()) {
		want("another task", listed.Name, name)
	}
	check(client.DeleteTask(ctx, &pb.DeleteTaskRequest{Name: other}))
	_, err := client.GetTask(ctx, &pb.GetTaskRequest{Name: other})
	refusal, isAPI := apierror.FromError(err)
	want("an answer for a deleted task", isAPI, true)
	want("gone", refusal.GRPCStatus().Code() == codes.NotFound || refusal.HTTPCode() == 404, true)
}
