// The Go clients of Cloud Tasks as their users call them: `clients VERSION TRANSPORT`, where VERSION is v2, v2beta3 or
// v2beta2, and TRANSPORT is grpc or rest.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var (
	location = "projects/" + os.Getenv("PROJECT") + "/locations/us-central1"
	target   = os.Getenv("TARGET")
	later    = timestamppb.New(time.Now().Add(time.Hour).Truncate(time.Microsecond))
)

func main() {
	log.SetFlags(log.Lshortfile)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	programs := map[string]func(context.Context, string){"v2": v2, "v2beta3": v2beta3, "v2beta2": v2beta2}
	programs[os.Args[1]](ctx, os.Args[2])
}

// connect makes a client, given how it is made over gRPC and over REST.
func connect[C any](ctx context.Context, transport string, overGRPC, overREST func(context.Context, ...option.ClientOption) (*C, error)) *C {
	if certificates := os.Getenv("CA_FILE"); certificates != "" {
		return connectSecurely(ctx, transport, certificates, overGRPC, overREST)
	}
	if transport == "grpc" {
		plaintext := grpc.WithTransportCredentials(insecure.NewCredentials())
		return must(overGRPC(ctx,
			option.WithEndpoint(os.Getenv("GRPC")),
			option.WithGRPCDialOption(plaintext),
			option.WithoutAuthentication(),
		))
	}
	return must(overREST(ctx,
		option.WithEndpoint("http://"+os.Getenv("HTTP")),
		option.WithoutAuthentication(),
	))
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Output(3, err.Error())
		os.Exit(1)
	}
}

func want[T comparable](what string, got, wanted T) {
	if got != wanted {
		log.Output(2, what)
		log.Fatalf("got %v, wanted %v", got, wanted)
	}
}
