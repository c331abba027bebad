package clients;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.util.Objects;

/**
 * The Java client of Cloud Tasks as its users call it: VERSION is v2, v2beta3 or v2beta2, TRANSPORT is grpc or rest.
 */
public final class Main {
  static final String PROJECT = System.getenv("PROJECT");
  static final String LOCATION = "us-central1";
  static final String TARGET = System.getenv("TARGET");
  static final String GRPC = System.getenv("GRPC");
  static final String HTTP =
      (System.getenv("TOKEN").isEmpty() ? "http://" : "https://") + System.getenv("HTTP");
  static final String TOKEN = System.getenv("TOKEN");
  static final Timestamp LATER =
      Timestamp.newBuilder().setSeconds(Instant.now().getEpochSecond() + 3600).build();

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    boolean isGrpc = arguments[1].equals("grpc");
    switch (arguments[0]) {
      case "v2" -> V2.run(isGrpc);
      case "v2beta3" -> V2beta3.run(isGrpc);
      case "v2beta2" -> V2beta2.run(isGrpc);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  static void want(String what, Object got, Object wanted) {
    if (!Objects.equals(got, wanted)) {
      throw new AssertionError(what + ": got " + got + ", wanted " + wanted);
    }
  }
}
