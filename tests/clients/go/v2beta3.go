package main

import (
	"context"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2beta3"
	pb "cloud.google.com/go/cloudtasks/apiv2beta3/cloudtaskspb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

func v2beta3(ctx context.Context, transport string) {
	client := connect(ctx, transport, cloudtasks.NewClient, cloudtasks.NewRESTClient)
	defer client.Close()
	name := location + "/queues/push"

	queue := &pb.Queue{Name: name, RateLimits: &pb.RateLimits{MaxBurstSize: 3}}
	created := must(client.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: location, Queue: queue}))
	want("type", created.Type, pb.Queue_PUSH)
	statistics := &fieldmaskpb.FieldMask{Paths: []string{"stats"}}
	got := must(client.GetQueue(ctx, &pb.GetQueueRequest{Name: name, ReadMask: statistics}))
	want("statistics", got.Stats != nil, true)
	listed := must(client.ListQueues(ctx, &pb.ListQueuesRequest{Parent: location}).Next())
	want("the only queue", listed.Name, name)
	changed := must(client.UpdateQueue(ctx, &pb.UpdateQueueRequest{
		Queue:      &pb.Queue{Name: name, RetryConfig: &pb.RetryConfig{MaxAttempts: 7}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"retry_config.max_attempts"}},
	}))
	want("max attempts", changed.RetryConfig.MaxAttempts, 7)
	must(client.PauseQueue(ctx, &pb.PauseQueueRequest{Name: name}))
	must(client.ResumeQueue(ctx, &pb.ResumeQueueRequest{Name: name}))

	v2beta3Tasks(ctx, client, name)
	must(client.PurgeQueue(ctx, &pb.PurgeQueueRequest{Name: name}))
	check(client.DeleteQueue(ctx, &pb.DeleteQueueRequest{Name: name}))
}

func v2beta3Tasks(ctx context.Context, client *cloudtasks.Client, queue string) {
	name := queue + "/tasks/named"
	request := &pb.Task_HttpRequest{HttpRequest: &pb.HttpRequest{Url: target, Body: []byte("from Go")}}
	task := &pb.Task{Name: name, PayloadType: request, ScheduleTime: later}
	must(client.CreateTask(ctx, &pb.CreateTaskRequest{Parent: queue, Task: task}))
	got := must(client.GetTask(ctx, &pb.GetTaskRequest{Name: name, ResponseView: pb.Task_FULL}))
	want("body", string(got.GetHttpRequest().Body), "from Go")
	listed := must(client.ListTasks(ctx, &pb.ListTasksRequest{Parent: queue}).Next())
	want("the only task", listed.Name, name)
	must(client.RunTask(ctx, &pb.RunTaskRequest{Name: name}))

	task = &pb.Task{PayloadType: request, ScheduleTime: later}
	other := must(client.CreateTask(ctx, &pb.CreateTaskRequest{Parent: queue, Task: task}))
	check(client.DeleteTask(ctx, &pb.DeleteTaskRequest{Name: other.Name}))
}
