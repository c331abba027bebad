package main

import (
	"context"
	"os"

	"golang.org/x/oauth2"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// connectSecurely makes a client that comes over TLS, with the token of the environment if there is one. Over REST it
// trusts the certificates of SSL_CERT_FILE, as every Go program does.
func connectSecurely[C any](ctx context.Context, transport, certificates string, overGRPC, overREST func(context.Context, ...option.ClientOption) (*C, error)) *C {
	caller := option.WithoutAuthentication()
	if token := os.Getenv("TOKEN"); token != "" {
		caller = option.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}))
	}
	if transport == "grpc" {
		roots := must(credentials.NewClientTLSFromFile(certificates, ""))
		return must(overGRPC(ctx,
			option.WithEndpoint(os.Getenv("GRPC")),
			option.WithGRPCDialOption(grpc.WithTransportCredentials(roots)),
			caller,
		))
	}
	return must(overREST(ctx,
		option.WithEndpoint("https://"+os.Getenv("HTTP")),
		caller,
	))
}
