package clients;

import static clients.Main.GRPC;
import static clients.Main.HTTP;
import static clients.Main.TOKEN;

import com.google.api.gax.core.FixedCredentialsProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import com.google.auth.oauth2.AccessToken;
import com.google.auth.oauth2.GoogleCredentials;
import com.google.cloud.tasks.v2.CloudTasksSettings;
import java.io.IOException;

/** Over TLS, with a token. What is trusted is in javax.net.ssl.trustStore, for all of the virtual machine. */
final class Secure {
  private Secure() {}

  static CloudTasksSettings settings(boolean isGrpc) throws IOException {
    AccessToken token = AccessToken.newBuilder().setTokenValue(TOKEN).build();
    TransportChannelProvider channel =
        isGrpc
            ? CloudTasksSettings.defaultGrpcTransportProviderBuilder().setEndpoint(GRPC).build()
            : CloudTasksSettings.defaultHttpJsonTransportProviderBuilder().setEndpoint(HTTP).build();
    return (isGrpc ? CloudTasksSettings.newBuilder() : CloudTasksSettings.newHttpJsonBuilder())
        .setCredentialsProvider(FixedCredentialsProvider.create(GoogleCredentials.create(token)))
        .setTransportChannelProvider(channel)
        .build();
  }
}
