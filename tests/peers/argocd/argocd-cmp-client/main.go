// Asks a config management plugin server as Argo CD's repo server does, with Argo CD's own code.
//
//	argocd-cmp-client [flags] SOCKET check|match|generate|parameters REPOSITORY APP
//
// REPOSITORY is a folder, APP the application's folder below it. The answer goes to standard output as JSON. A failure
// goes to standard error in the words that Argo CD shows, and the exit code is 1.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/cmp"

	retry "github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
)

var (
	timeout   = flag.Duration("timeout", time.Minute, "the repo server's deadline for the call")
	name      = flag.String("name", "app", "the Application's name")
	namespace = flag.String("namespace", "default", "the Application's destination namespace")
	source    = flag.String("plugin", "{}", "the Application's spec.source.plugin, as JSON")
)

func main() {
	flag.Parse()
	if flag.NArg() != 4 {
		fail(errors.New("SOCKET, a method, REPOSITORY and APP are needed"))
	}
	answer, err := ask(flag.Arg(0), flag.Arg(1), flag.Arg(2), flag.Arg(3))
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func ask(socket, method, repository, app string) (any, error) {
	environment, err := environment(app)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	connection, client, err := apiclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	send := func(stream interface {
		Context() context.Context
		Send(*apiclient.AppStreamRequest) error
	}) error {
		return cmp.SendRepoStream(stream.Context(), filepath.Join(repository, app), repository, stream, environment, nil)
	}
	switch method {
	case "check":
		return client.CheckPluginConfiguration(ctx, &emptypb.Empty{})
	case "match":
		return stream(send, client.MatchRepository, ctx)
	case "generate":
		answer, err := stream(send, client.GenerateManifest, ctx)
		if err != nil {
			// As in reposerver/repository: `runManifestGenAsync` around `runConfigManagementPluginSidecars`.
			return nil, fmt.Errorf("plugin sidecar failed. error generating manifests in cmp: %w", err)
		}
		return answer, nil
	case "parameters":
		return stream(send, client.GetParametersAnnouncement, ctx)
	}
	return nil, fmt.Errorf("no method is called %s", method)
}

// stream opens a call that takes the repository in pieces, sends it, and waits for the answer.
func stream[S interface {
	Context() context.Context
	Send(*apiclient.AppStreamRequest) error
	CloseAndRecv() (A, error)
}, A any](send func(interface {
	Context() context.Context
	Send(*apiclient.AppStreamRequest) error
}) error, open func(context.Context, ...grpc.CallOption) (S, error), ctx context.Context) (A, error) {
	var none A
	call, err := open(ctx, retry.Disable())
	if err != nil {
		return none, err
	}
	if err := send(call); err != nil {
		return none, err
	}
	return call.CloseAndRecv()
}

// environment is what the repo server gives a plugin: the build environment, then what the Application's author wrote.
func environment(app string) ([]string, error) {
	build := v1alpha1.Env{
		{Name: "ARGOCD_APP_NAME", Value: *name},
		{Name: "ARGOCD_APP_NAMESPACE", Value: *namespace},
		{Name: "ARGOCD_APP_PROJECT_NAME", Value: "default"},
		{Name: "ARGOCD_APP_REVISION", Value: "6f1d0c4e8a5b4f0b9f0e4f7f2f0a1b2c3d4e5f60"},
		{Name: "ARGOCD_APP_REVISION_SHORT", Value: "6f1d0c4"},
		{Name: "ARGOCD_APP_REVISION_SHORT_8", Value: "6f1d0c4e"},
		{Name: "ARGOCD_APP_SOURCE_REPO_URL", Value: "https://git.example/acme.git"},
		{Name: "ARGOCD_APP_SOURCE_PATH", Value: app},
		{Name: "ARGOCD_APP_SOURCE_TARGET_REVISION", Value: "main"},
	}
	var plugin v1alpha1.ApplicationSourcePlugin
	if err := json.Unmarshal([]byte(*source), &plugin); err != nil {
		return nil, fmt.Errorf("-plugin: %w", err)
	}
	environment := append(build.Environ(), "KUBE_VERSION=1.34.0", "KUBE_API_VERSIONS=v1,apps/v1,cert-manager.io/v1")
	for _, entry := range plugin.Env {
		environment = append(environment, fmt.Sprintf("ARGOCD_ENV_%s=%s", entry.Name, build.Envsubst(entry.Value)))
	}
	parameters, err := plugin.Parameters.Environ()
	if err != nil {
		return nil, fmt.Errorf("failed to generate env vars from parameters: %w", err)
	}
	return append(environment, parameters...), nil
}
