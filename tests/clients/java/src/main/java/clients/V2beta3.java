package clients;

import static clients.Main.GRPC;
import static clients.Main.HTTP;
import static clients.Main.LATER;
import static clients.Main.LOCATION;
import static clients.Main.PROJECT;
import static clients.Main.TARGET;
import static clients.Main.want;

import com.google.api.gax.core.NoCredentialsProvider;
import com.google.cloud.tasks.v2beta3.CloudTasksClient;
import com.google.cloud.tasks.v2beta3.CloudTasksSettings;
import com.google.cloud.tasks.v2beta3.GetQueueRequest;
import com.google.cloud.tasks.v2beta3.GetTaskRequest;
import com.google.cloud.tasks.v2beta3.HttpRequest;
import com.google.cloud.tasks.v2beta3.LocationName;
import com.google.cloud.tasks.v2beta3.Queue;
import com.google.cloud.tasks.v2beta3.QueueName;
import com.google.cloud.tasks.v2beta3.RateLimits;
import com.google.cloud.tasks.v2beta3.RetryConfig;
import com.google.cloud.tasks.v2beta3.Task;
import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;
import io.grpc.ManagedChannelBuilder;
import java.io.IOException;

/** Push queues and their tasks in v2beta3. */
final class V2beta3 {
  private static final QueueName QUEUE = QueueName.of(PROJECT, LOCATION, "push");

  private V2beta3() {}

  static void run(boolean isGrpc) throws IOException {
    try (CloudTasksClient client = CloudTasksClient.create(isGrpc ? overGrpc() : overRest())) {
      queues(client);
      tasks(client);
      client.purgeQueue(QUEUE);
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
    RateLimits rates = RateLimits.newBuilder().setMaxBurstSize(3).build();
    Queue queue = Queue.newBuilder().setName(name).setRateLimits(rates).build();
    want("type", client.createQueue(parent, queue).getType(), Queue.Type.PUSH);
    FieldMask mask = FieldMask.newBuilder().addPaths("stats").build();
    GetQueueRequest statistics =
        GetQueueRequest.newBuilder().setName(name).setReadMask(mask).build();
    want("statistics", client.getQueue(statistics).hasStats(), true);
    Queue listed = client.listQueues(parent).iterateAll().iterator().next();
    want("the only queue", listed.getName(), name);

    RetryConfig retries = RetryConfig.newBuilder().setMaxAttempts(7).build();
    mask = FieldMask.newBuilder().addPaths("retry_config.max_attempts").build();
    queue = Queue.newBuilder().setName(name).setRetryConfig(retries).build();
    Queue changed = client.updateQueue(queue, mask);
    want("max attempts", changed.getRetryConfig().getMaxAttempts(), 7);
    client.pauseQueue(QUEUE);
    client.resumeQueue(QUEUE);
  }

  private static void tasks(CloudTasksClient client) {
    String name = QUEUE + "/tasks/named";
    ByteString body = ByteString.copyFromUtf8("from Java");
    HttpRequest request = HttpRequest.newBuilder().setUrl(TARGET).setBody(body).build();
    Task task = Task.newBuilder().setHttpRequest(request).setScheduleTime(LATER).build();
    client.createTask(QUEUE, task.toBuilder().setName(name).build());
    GetTaskRequest whole =
        GetTaskRequest.newBuilder().setName(name).setResponseView(Task.View.FULL).build();
    want("body", client.getTask(whole).getHttpRequest().getBody(), body);
    want("the only task", client.listTasks(QUEUE).iterateAll().iterator().next().getName(), name);
    client.runTask(name);
    client.deleteTask(client.createTask(QUEUE, task).getName());
  }
}
