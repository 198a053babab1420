package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/cert-manager/approver-policy/pkg/cmd"
	"k8s.io/apimachinery/pkg/util/wait"
)

// As which program this one runs, when it is called so.
const approverPolicy = "approver-policy"

// runApproverPolicy is approver-policy's own program. It ends the process.
func runApproverPolicy() { cmd.ExecutePolicyApprover() }

// startApproverPolicy runs approver-policy as a child, and comes back when it is ready. Its webhook, which would refuse
// an invalid policy, is not called.
func startApproverPolicy(
	starting context.Context, dir string, server *apiServer, ports *ports, died func(error),
) (*process, error) {
	forProbes, err := ports.next()
	if err != nil {
		return nil, err
	}
	forWebhook, err := ports.next()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, approverPolicy)
	if err := os.Symlink(self, program); err != nil {
		return nil, err
	}
	ready := fmt.Sprintf("127.0.0.1:%d", forProbes)
	child, err := start(dir, program, died,
		"--kubeconfig="+server.kubeconfig, "--leader-election-namespace="+certManagerNamespace,
		"--metrics-bind-address=0", "--readiness-probe-bind-address="+ready,
		"--webhook-host=127.0.0.1", fmt.Sprintf("--webhook-port=%d", forWebhook),
		"--webhook-ca-secret-namespace="+certManagerNamespace, "--log-level=2",
	)
	if err != nil {
		return nil, err
	}
	err = wait.PollUntilContextCancel(starting, 100*time.Millisecond, true, func(context.Context) (bool, error) {
		answer, err := http.Get("http://" + ready + "/readyz")
		if err != nil {
			return false, nil
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK, nil
	})
	if err != nil {
		child.kill()
		return nil, fmt.Errorf("approver-policy is not ready in time: %w", err)
	}
	return child, nil
}
