package clients;

import static clients.Main.GRPC;
import static clients.Main.HTTP;
import static clients.Main.LATER;
import static clients.Main.LOCATION;
import static clients.Main.PROJECT;
import static clients.Main.TARGET;
import static clients.Main.TOKEN;
import static clients.Main.want;

import com.google.api.gax.core.NoCredentialsProvider;
import com.google.api.gax.rpc.NotFoundException;
import com.google.cloud.tasks.v2.CloudTasksClient;
import com.google.cloud.tasks.v2.CloudTasksSettings;
import com.google.cloud.tasks.v2.GetTaskRequest;
import com.google.cloud.tasks.v2.HttpRequest;
import com.google.cloud.tasks.v2.LocationName;
import com.google.cloud.tasks.v2.Queue;
import com.google.cloud.tasks.v2.QueueName;
import com.google.cloud.tasks.v2.RateLimits;
import com.google.cloud.tasks.v2.RetryConfig;
import com.google.cloud.tasks.v2.Task;
import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;
import io.grpc.ManagedChannelBuilder;
import java.io.IOException;

/** Push queues and their tasks in v2. */
final class V2 {
  private static final QueueName QUEUE = QueueName.of(PROJECT, LOCATION, "push");

  private V2() {}

  static void run(boolean isGrpc) throws IOException {
    CloudTasksSettings settings =
        TOKEN.isEmpty() ? (isGrpc ? overGrpc() : overRest()) : Secure.settings(isGrpc);
    try (CloudTasksClient client = CloudTasksClient.create(settings)) {
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
    RateLimits rates = RateLimits.newBuilder().setMaxDispatchesPerSecond(5).build();
    Queue queue = Queue.newBuilder().setName(name).setRateLimits(rates).build();
    Queue created = client.createQueue(parent, queue);
    want("state", created.getState(), Queue.State.RUNNING);
    want("the queue as it was created", client.getQueue(QUEUE), created);
    Queue listed = client.listQueues(parent).iterateAll().iterator().next();
    want("the only queue", listed.getName(), name);

    RetryConfig retries = RetryConfig.newBuilder().setMaxAttempts(7).build();
    FieldMask mask = FieldMask.newBuilder().addPaths("retry_config.max_attempts").build();
    queue = Queue.newBuilder().setName(name).setRetryConfig(retries).build();
    Queue changed = client.updateQueue(queue, mask);
    want("max attempts", changed.getRetryConfig().getMaxAttempts(), 7);
    want("dispatches a second", changed.getRateLimits().getMaxDispatchesPerSecond(), 5.0);
    want("state", client.pauseQueue(QUEUE).getState(), Queue.State.PAUSED);
    want("state", client.resumeQueue(QUEUE).getState(), Queue.State.RUNNING);
  }

  private static void tasks(CloudTasksClient client) {
    String name = QUEUE + "/tasks/named";
    ByteString body = ByteString.copyFromUtf8("from Java");
    HttpRequest request = HttpRequest.newBuilder().setUrl(TARGET).setBody(body).build();
    Task task = Task.newBuilder().setHttpRequest(request).setScheduleTime(LATER).build();
    Task created = client.createTask(QUEUE, task.toBuilder().setName(name).build());
    want("name", created.getName(), name);
    GetTaskRequest whole =
        GetTaskRequest.newBuilder().setName(name).setResponseView(Task.View.FULL).build();
    Task got = client.getTask(whole);
    want("body", got.getHttpRequest().getBody(), body);
    want("schedule time", got.getScheduleTime(), LATER);
    want("the only task", client.listTasks(QUEUE).iterateAll().iterator().next().getName(), name);
    client.runTask(name);

    String other = client.createTask(QUEUE, task).getName();
    client.deleteTask(other);
    try {
      client.getTask(other);
      throw new AssertionError("a deleted task is there");
    } catch (NotFoundException expected) {
      return;
    }
  }
}
