package main

import (
	"context"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2beta2"
	pb "cloud.google.com/go/cloudtasks/apiv2beta2/cloudtaskspb"
	"google.golang.org/api/iterator"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

func v2beta2(ctx context.Context, transport string) {
	client := connect(ctx, transport, cloudtasks.NewClient, cloudtasks.NewRESTClient)
	defer client.Close()
	name := location + "/queues/pull"

	queue := &pb.Queue{Name: name, TargetType: &pb.Queue_PullTarget{PullTarget: &pb.PullTarget{}}}
	must(client.CreateQueue(ctx, &pb.CreateQueueRequest{Parent: location, Queue: queue}))
	got := must(client.GetQueue(ctx, &pb.GetQueueRequest{Name: name}))
	want("a pull queue", got.GetPullTarget() != nil, true)
	listed := must(client.ListQueues(ctx, &pb.ListQueuesRequest{Parent: location}).Next())
	want("the only queue", listed.Name, name)
	attempts := &pb.RetryConfig_MaxAttempts{MaxAttempts: 7}
	changed := must(client.UpdateQueue(ctx, &pb.UpdateQueueRequest{
		Queue:      &pb.Queue{Name: name, RetryConfig: &pb.RetryConfig{NumAttempts: attempts}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"retry_config.max_attempts"}},
	}))
	want("max attempts", changed.RetryConfig.GetMaxAttempts(), 7)

	task := v2beta2Task(ctx, client, name)
	v2beta2Leases(ctx, client, name, task)
	check(client.DeleteQueue(ctx, &pb.DeleteQueueRequest{Name: name}))
}

// v2beta2Task leaves one of two tasks.
func v2beta2Task(ctx context.Context, client *cloudtasks.Client, queue string) string {
	name := queue + "/tasks/named"
	message := &pb.Task_PullMessage{PullMessage: &pb.PullMessage{Payload: []byte("a payload"), Tag: "a tag"}}
	task := &pb.Task{Name: name, PayloadType: message}
	must(client.CreateTask(ctx, &pb.CreateTaskRequest{Parent: queue, Task: task}))
	got := must(client.GetTask(ctx, &pb.GetTaskRequest{Name: name, ResponseView: pb.Task_FULL}))
	want("payload", string(got.GetPullMessage().Payload), "a payload")
	task = &pb.Task{PayloadType: message}
	other := must(client.CreateTask(ctx, &pb.CreateTaskRequest{Parent: queue, Task: task}))
	check(client.DeleteTask(ctx, &pb.DeleteTaskRequest{Name: other.Name}))
	listed := must(client.ListTasks(ctx, &pb.ListTasksRequest{Parent: queue}).Next())
	want("the only task", listed.Name, name)
	return name
}

func v2beta2Leases(ctx context.Context, client *cloudtasks.Client, queue, task string) {
	minute := &durationpb.Duration{Seconds: 60}
	lease := &pb.LeaseTasksRequest{
		Parent: queue, MaxTasks: 10, LeaseDuration: minute, ResponseView: pb.Task_FULL, Filter: `tag="a tag"`,
	}
	leased := must(client.LeaseTasks(ctx, lease)).Tasks
	want("leased tasks", len(leased), 1)
	want("payload", string(leased[0].GetPullMessage().Payload), "a payload")
	want("tasks while it is leased", len(must(client.LeaseTasks(ctx, lease)).Tasks), 0)
	renewed := must(client.RenewLease(ctx, &pb.RenewLeaseRequest{
		Name: task, ScheduleTime: leased[0].ScheduleTime, LeaseDuration: &durationpb.Duration{Seconds: 600},
	}))
	want("a longer lease", renewed.ScheduleTime.AsTime().After(leased[0].ScheduleTime.AsTime()), true)
	must(client.CancelLease(ctx, &pb.CancelLeaseRequest{Name: task, ScheduleTime: renewed.ScheduleTime}))
	again := must(client.LeaseTasks(ctx, lease)).Tasks
	want("tasks after the lease was cancelled", len(again), 1)
	proof := again[0].ScheduleTime
	check(client.AcknowledgeTask(ctx, &pb.AcknowledgeTaskRequest{Name: task, ScheduleTime: proof}))
	_, err := client.ListTasks(ctx, &pb.ListTasksRequest{Parent: queue}).Next()
	want("no task", err, iterator.Done)
}
