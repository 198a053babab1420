package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

type etcd struct {
	*process
	url string
}

func startEtcd(dir, programs string, ports *ports, died func(error)) (*etcd, error) {
	forClients, err := ports.next()
	if err != nil {
		return nil, err
	}
	forPeers, err := ports.next()
	if err != nil {
		return nil, err
	}
	clients, peers := fmt.Sprintf("http://127.0.0.1:%d", forClients), fmt.Sprintf("http://127.0.0.1:%d", forPeers)
	child, err := start(dir, filepath.Join(programs, "etcd"), died,
		"--data-dir="+filepath.Join(dir, "etcd"),
		"--listen-client-urls="+clients, "--advertise-client-urls="+clients,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=default="+peers,
	)
	if err != nil {
		return nil, err
	}
	return &etcd{child, clients}, nil
}

type apiServer struct {
	*process
	kubeconfig  string // of a user who may do everything
	certManager string // that of cert-manager's controllers
	config      *rest.Config
}

// startAPIServer comes back when the server says that it is ready.
func startAPIServer(
	starting context.Context, dir, programs, etcdURL string, ports *ports, died func(error),
) (*apiServer, error) {
	port, err := ports.next()
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("https://127.0.0.1:%d", port)
	certificate, key, err := cert.GenerateSelfSignedCertKey("127.0.0.1", []net.IP{net.IPv4(127, 0, 0, 1)}, nil)
	if err != nil {
		return nil, err
	}
	serviceAccountKey, err := keyutil.MakeEllipticPrivateKeyPEM()
	if err != nil {
		return nil, err
	}
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	token, tokenOfCertManager := hex.EncodeToString(random[:16]), hex.EncodeToString(random[16:])
	for name, content := range map[string][]byte{
		"apiserver.crt":       certificate,
		"apiserver.key":       key,
		"service-account.key": serviceAccountKey,
		"tokens.csv": []byte(token + ",admin,admin,system:masters\n" +
			tokenOfCertManager + "," + certManagerUser + ",cert-manager,\"" + certManagerGroups + "\"\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := writeKubeconfig(kubeconfig, url, certificate, token); err != nil {
		return nil, err
	}
	certManager := filepath.Join(dir, "cert-manager.kubeconfig")
	if err := writeKubeconfig(certManager, url, certificate, tokenOfCertManager); err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1

	child, err := start(dir, filepath.Join(programs, "kube-apiserver"), died,
		"--etcd-servers="+etcdURL,
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.0.0.0/24",
		"--tls-cert-file=apiserver.crt", "--tls-private-key-file=apiserver.key", "--cert-dir="+dir,
		"--token-auth-file=tokens.csv", "--authorization-mode=RBAC", "--allow-privileged=true",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=service-account.key", "--service-account-signing-key-file=service-account.key",
	)
	if err != nil {
		return nil, err
	}
	server := &apiServer{child, kubeconfig, certManager, config}
	if err := server.waitUntilReady(starting); err != nil {
		server.kill()
		return nil, err
	}
	return server, nil
}

func (s *apiServer) waitUntilReady(starting context.Context) error {
	client, err := kubernetes.NewForConfig(s.config)
	if err != nil {
		return err
	}
	var last error
	err = wait.PollUntilContextCancel(starting, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		last = client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("kube-apiserver is not ready in time: %w", last)
	}
	return nil
}

func writeKubeconfig(path, url string, authority []byte, token string) error {
	config := clientcmdapi.NewConfig()
	config.Clusters["iamra"] = &clientcmdapi.Cluster{Server: url, CertificateAuthorityData: authority}
	config.AuthInfos["admin"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["iamra"] = &clientcmdapi.Context{Cluster: "iamra", AuthInfo: "admin"}
	config.CurrentContext = "iamra"
	return clientcmd.WriteToFile(*config, path)
}
