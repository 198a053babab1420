// Command cluster is a Kubernetes API with cert-manager at work behind it, for tests: etcd, kube-apiserver,
// cert-manager's own controllers and, if asked for, approver-policy's. No node, so no pod ever runs.
//
// When all of it is ready, one line of JSON says where: {"kubeconfig": "...", "dir": "..."}. It ends, and removes the
// folder, when its standard input does or on SIGTERM; the children end with it however it ends.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"k8s.io/klog/v2"
)

// A child's parent-death signal follows the thread that started it, so the main goroutine, which starts them all,
// stays on the thread that lasts as long as the process.
func init() { runtime.LockOSThread() }

func main() {
	if filepath.Base(os.Args[0]) == approverPolicy {
		runApproverPolicy()
		return
	}
	programs := flag.String("bin", beside("."), "folder of etcd and kube-apiserver")
	crds := flag.String("crds", beside("../crds/cert-manager"), "folder of cert-manager's CustomResourceDefinitions")
	timeout := flag.Duration("timeout", 2*time.Minute, "how long to wait until all is ready")
	approve := flag.Bool("approve", true, "approve every CertificateRequest, as cert-manager does unless it is told not to")
	policies := flag.Bool("approver-policy", false, "let approver-policy decide which CertificateRequests are approved")
	flag.Parse()

	dir, err := os.MkdirTemp("", "iamra-cluster-")
	if err == nil {
		err = run(dir, *programs, *crds, approval{*approve && !*policies, *policies}, *timeout)
	}
	if errors.Is(err, errToldToEnd) {
		err = os.RemoveAll(dir)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "cluster: %v\n", err)
		showLogs(os.Stderr, dir)
		os.Exit(1)
	}
}

// approval is who approves CertificateRequests.
type approval struct{ byCertManager, byPolicies bool }

// run ends with the reason why: errToldToEnd when all is well.
func run(dir, programs, crds string, approval approval, timeout time.Duration) error {
	log, err := os.Create(filepath.Join(dir, "cert-manager.log"))
	if err != nil {
		return err
	}
	logTo(log)

	ctx, stop := context.WithCancelCause(untilToldToEnd())
	defer stop(nil)
	starting, started := context.WithTimeout(ctx, timeout)
	defer started()

	ports, err := reservePorts()
	if err != nil {
		return err
	}
	defer ports.held.Close()
	etcd, err := startEtcd(dir, programs, ports, stop)
	if err != nil {
		return err
	}
	defer etcd.kill()
	server, err := startAPIServer(starting, dir, programs, etcd.url, ports, stop)
	if err != nil {
		return because(ctx, err)
	}
	defer server.kill()
	if err := installCRDs(starting, server.config, crds); err != nil {
		return because(ctx, err)
	}
	if err := keepDefaultServiceAccounts(ctx, server.config); err != nil {
		return because(ctx, err)
	}
	if err := startCertManager(ctx, starting, server, approval.byCertManager, stop); err != nil {
		return because(ctx, err)
	}
	if approval.byPolicies {
		if err := installCRDs(starting, server.config, filepath.Join(filepath.Dir(crds), approverPolicy)); err != nil {
			return because(ctx, err)
		}
		child, err := startApproverPolicy(starting, dir, server, ports, stop)
		if err != nil {
			return because(ctx, err)
		}
		defer child.kill()
	}

	line, err := json.Marshal(map[string]string{"kubeconfig": server.kubeconfig, "dir": dir})
	if err != nil {
		return err
	}
	fmt.Println(string(line))

	<-ctx.Done()
	return context.Cause(ctx)
}

var errToldToEnd = errors.New("told to end")

// untilToldToEnd is over when standard input ends or a signal asks for it.
func untilToldToEnd() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() { <-signals; cancel(errToldToEnd) }()
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); cancel(errToldToEnd) }()
	return ctx
}

// because prefers the reason for which everything was ended, such as the death of a child, to what failed in its wake.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// logTo sends what cert-manager and client-go say into a file, in their usual detail.
func logTo(file *os.File) {
	flags := flag.NewFlagSet("", flag.PanicOnError)
	klog.InitFlags(flags)
	_ = flags.Set("v", "2")
	klog.LogToStderr(false)
	klog.SetOutput(file)
}

// beside is a path relative to this program's own folder.
func beside(path string) string {
	program, err := os.Executable()
	if err != nil {
		return path
	}
	return filepath.Join(filepath.Dir(program), path)
}
