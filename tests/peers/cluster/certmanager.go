package main

import (
	"context"
	"fmt"
	"time"

	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	// Each registers itself.
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
)

// The namespace where a ClusterIssuer's Secrets are, as in every usual installation.
const certManagerNamespace = "cert-manager"

// startCertManager runs cert-manager's controllers for CA and self-signed issuers, with the options that its own
// program has by default. It comes back when they see the cluster.
func startCertManager(ctx, starting context.Context, server *apiServer, approve bool, died func(error)) error {
	client, err := kubernetes.NewForConfig(server.config)
	if err != nil {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: certManagerNamespace}}
	if _, err := client.CoreV1().Namespaces().Create(starting, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}

	if err := allowCertManager(starting, server.config); err != nil {
		return err
	}
	if err := stampRequests(starting, server.config); err != nil {
		return err
	}

	factory, err := controller.NewContextFactory(ctx, controller.ContextOptions{
		Kubeconfig:    server.certManager,
		IssuerOptions: controller.IssuerOptions{ClusterResourceNamespace: certManagerNamespace},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
			CertificateRequestMinimumBackoffDuration: time.Hour,
			CertificateRequestMaximumBackoffDuration: 32 * time.Hour,
		},
		ACMEOptions: controller.ACMEOptions{ // unused, yet they must be there
			HTTP01SolverResourceRequestCPU:    resource.MustParse("10m"),
			HTTP01SolverResourceRequestMemory: resource.MustParse("64Mi"),
			HTTP01SolverResourceLimitsCPU:     resource.MustParse("100m"),
			HTTP01SolverResourceLimitsMemory:  resource.MustParse("64Mi"),
		},
	})
	if err != nil {
		return err
	}
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	for name, construct := range controller.Known() {
		if name == approver.ControllerName && !approve {
			continue
		}
		one, err := construct(factory)
		if err != nil {
			return fmt.Errorf("cert-manager's controller %s: %w", name, err)
		}
		go func() {
			if err := one.Run(5, ctx); err != nil && ctx.Err() == nil {
				died(fmt.Errorf("cert-manager's controller %s: %w", name, err))
			}
		}()
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	shared.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	for kind, synced := range shared.SharedInformerFactory.WaitForCacheSync(starting.Done()) {
		if !synced {
			return fmt.Errorf("cert-manager does not see %v in time", kind)
		}
	}
	for kind, synced := range shared.KubeSharedInformerFactory.WaitForCacheSync(starting.Done()) {
		if !synced {
			return fmt.Errorf("cert-manager does not see %v in time", kind)
		}
	}
	return nil
}
