package main

import (
	"context"
	"fmt"
	"time"

	admission "k8s.io/api/admissionregistration/v1"
	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// cert-manager's controllers as the API server knows them: its service account, as its Helm chart has it.
const certManagerUser = "system:serviceaccount:" + certManagerNamespace + ":cert-manager"

// What a service account is a member of.
const certManagerGroups = "system:serviceaccounts,system:serviceaccounts:" + certManagerNamespace + ",system:authenticated"

// allowCertManager lets its controllers do what they do; above all not use policies, which takes a Role of its own.
func allowCertManager(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	all := []string{"*"}
	role := &rbac.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "cert-manager"},
		Rules: []rbac.PolicyRule{{
			APIGroups: []string{"", "acme.cert-manager.io", "apiextensions.k8s.io", "authorization.k8s.io", "cert-manager.io",
				"certificates.k8s.io", "coordination.k8s.io", "events.k8s.io", "gateway.networking.k8s.io", "networking.k8s.io"},
			Resources: all,
			Verbs:     all,
		}},
	}
	if _, err := client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return err
	}
	binding := &rbac.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "cert-manager"},
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: "cert-manager"},
		Subjects:   []rbac.Subject{{Kind: rbac.ServiceAccountKind, Namespace: certManagerNamespace, Name: "cert-manager"}},
	}
	_, err = client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	return err
}

// stamp writes into a request who has made it, as cert-manager's webhook does.
const stamp = `[
  JSONPatch{op: "add", path: "/spec/username", value: request.userInfo.username},
  JSONPatch{op: "add", path: "/spec/uid", value: request.userInfo.?uid.orValue("")},
  JSONPatch{op: "add", path: "/spec/groups", value: request.userInfo.?groups.orValue([])},
]`

// stampRequests has the API server write into each CertificateRequest who has made it: approver-policy asks what that user
// may do. It comes back when the API server does so.
func stampRequests(starting context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	policies := client.AdmissionregistrationV1()
	fail, never, name := admission.Fail, admission.NeverReinvocationPolicy, "cert-manager-identity"
	policy := &admission.MutatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admission.MutatingAdmissionPolicySpec{
			FailurePolicy:      &fail,
			ReinvocationPolicy: never,
			MatchConstraints: &admission.MatchResources{ResourceRules: []admission.NamedRuleWithOperations{{
				RuleWithOperations: admission.RuleWithOperations{
					Operations: []admission.OperationType{admission.Create},
					Rule: admission.Rule{
						APIGroups: []string{"cert-manager.io"}, APIVersions: []string{"v1"},
						Resources: []string{"certificaterequests"},
					},
				},
			}}},
			Mutations: []admission.Mutation{{
				PatchType: admission.PatchTypeJSONPatch,
				JSONPatch: &admission.JSONPatch{Expression: stamp},
			}},
		},
	}
	if _, err := policies.MutatingAdmissionPolicies().Create(starting, policy, metav1.CreateOptions{}); err != nil {
		return err
	}
	binding := &admission.MutatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       admission.MutatingAdmissionPolicyBindingSpec{PolicyName: name},
	}
	if _, err := policies.MutatingAdmissionPolicyBindings().Create(starting, binding, metav1.CreateOptions{}); err != nil {
		return err
	}
	return waitUntilStamped(starting, config)
}

// waitUntilStamped tries it out, and leaves nothing behind.
func waitUntilStamped(starting context.Context, config *rest.Config) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	kind := schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "certificaterequests"}
	requests := client.Resource(kind).Namespace(certManagerNamespace)
	attempt := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cert-manager.io/v1",
		"kind":       "CertificateRequest",
		"metadata":   map[string]any{"name": "attempt"},
		"spec":       map[string]any{"request": "LS0t", "issuerRef": map[string]any{"name": "none"}},
	}}
	var last error
	err = wait.PollUntilContextCancel(starting, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		// Until the API server knows the new kind, it refuses.
		dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
		made, err := requests.Create(ctx, attempt, dry)
		if err != nil {
			last = err
			return false, nil
		}
		username, _, err := unstructured.NestedString(made.Object, "spec", "username")
		return username != "", err
	})
	if err != nil {
		return fmt.Errorf("requests do not say in time who has made them (%v): %w", last, err)
	}
	return nil
}
