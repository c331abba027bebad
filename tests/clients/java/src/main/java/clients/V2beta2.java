package clients;

import static clients.Main.GRPC;
import static clients.Main.HTTP;
import static clients.Main.LOCATION;
import static clients.Main.PROJECT;
import static clients.Main.want;

import com.google.api.gax.core.NoCredentialsProvider;
import com.google.cloud.tasks.v2beta2.CloudTasksClient;
import com.google.cloud.tasks.v2beta2.CloudTasksSettings;
import com.google.cloud.tasks.v2beta2.GetTaskRequest;
import com.google.cloud.tasks.v2beta2.LeaseTasksRequest;
import com.google.cloud.tasks.v2beta2.LocationName;
import com.google.cloud.tasks.v2beta2.PullMessage;
import com.google.cloud.tasks.v2beta2.PullTarget;
import com.google.cloud.tasks.v2beta2.Queue;
import com.google.cloud.tasks.v2beta2.QueueName;
import com.google.cloud.tasks.v2beta2.RetryConfig;
import com.google.cloud.tasks.v2beta2.Task;
import com.google.cloud.tasks.v2beta2.TaskName;
import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.FieldMask;
import io.grpc.ManagedChannelBuilder;
import java.io.IOException;
import java.util.List;

/** A pull queue, its tasks and their leases in v2beta2. */
final class V2beta2 {
  private static final QueueName QUEUE = QueueName.of(PROJECT, LOCATION, "pull");
  private static final TaskName TASK = TaskName.of(PROJECT, LOCATION, "pull", "named");

  private V2beta2() {}

  static void run(boolean isGrpc) throws IOException {
    try (CloudTasksClient client = CloudTasksClient.create(isGrpc ? overGrpc() : overRest())) {
      queues(client);
      tasks(client);
      leases(client);
      client.deleteQueue(QUEUE);
    }
  }

  private static CloudTasksSettings overGrpc() throws IOException {
    return CloudTasksSettings.newBuilder()
        .setCredentialsProvider(NoCredentialsProvider.create())
        .setTransportChannelProvider(
            CloudTasksSettings.defaultGrpcTransportProviderBuilder()
                .setEndpoint(GRPC)
                .setChannelConfigurator(ManagedChannelBuilder::usePlaintext)
                .build())
        .build();
  }

  private static CloudTasksSettings overRest() throws IOException {
    return CloudTasksSettings.newHttpJsonBuilder()
        .setCredentialsProvider(NoCredentialsProvider.create())
        .setTransportChannelProvider(
            CloudTasksSettings.defaultHttpJsonTransportProviderBuilder().setEndpoint(HTTP).build())
        .build();
  }

  private static void queues(CloudTasksClient client) {
    String name = QUEUE.toString();
    LocationName parent = LocationName.of(PROJECT, LOCATION);
    PullTarget pull = PullTarget.getDefaultInstance();
    client.createQueue(parent, Queue.newBuilder().setName(name).setPullTarget(pull).build());
    want("a pull queue", client.getQueue(QUEUE).hasPullTarget(), true);
    Queue listed = client.listQueues(parent).iterateAll().iterator().next();
    want("the only queue", listed.getName(), name);

    RetryConfig retries = RetryConfig.newBuilder().setMaxAttempts(7).build();
    FieldMask mask = FieldMask.newBuilder().addPaths("retry_config.max_attempts").build();
    Queue queue = Queue.newBuilder().setName(name).setRetryConfig(retries).build();
    Queue changed = client.updateQueue(queue, mask);
    want("max attempts", changed.getRetryConfig().getMaxAttempts(), 7);
  }

  private static void tasks(CloudTasksClient client) {
    ByteString payload = ByteString.copyFromUtf8("a payload");
    PullMessage message = PullMessage.newBuilder().setPayload(payload).setTag("a tag").build();
    Task task = Task.newBuilder().setPullMessage(message).build();
    client.createTask(QUEUE, task.toBuilder().setName(TASK.toString()).build());
    GetTaskRequest whole =
        GetTaskRequest.newBuilder()
            .setName(TASK.toString())
            .setResponseView(Task.View.FULL)
            .build();
    want("payload", client.getTask(whole).getPullMessage().getPayload(), payload);
    client.deleteTask(client.createTask(QUEUE, task).getName());
    Task listed = client.listTasks(QUEUE).iterateAll().iterator().next();
    want("the only task", listed.getName(), TASK.toString());
  }

  private static void leases(CloudTasksClient client) {
    Task leased = lease(client).get(0);
    want("payload", leased.getPullMessage().getPayload().toStringUtf8(), "a payload");
    want("tasks while it is leased", lease(client).size(), 0);
    Duration longer = Duration.newBuilder().setSeconds(600).build();
    Task renewed = client.renewLease(TASK, leased.getScheduleTime(), longer);
    long gained = renewed.getScheduleTime().getSeconds() - leased.getScheduleTime().getSeconds();
    want("a longer lease", gained > 500, true);
    client.cancelLease(TASK, renewed.getScheduleTime());
    client.acknowledgeTask(TASK, lease(client).get(0).getScheduleTime());
    want("tasks", client.listTasks(QUEUE).iterateAll().iterator().hasNext(), false);
  }

  private static List<Task> lease(CloudTasksClient client) {
    LeaseTasksRequest request =
        LeaseTasksRequest.newBuilder()
            .setParent(QUEUE.toString())
            .setMaxTasks(10)
            .setLeaseDuration(Duration.newBuilder().setSeconds(60))
            .setResponseView(Task.View.FULL)
            .setFilter("tag=\"a tag\"")
            .build();
    return client.leaseTasks(request).getTasksList();
  }
}
