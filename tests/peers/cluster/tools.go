//go:build tools

// Package peers pins the Kubernetes programs that the tests talk to.
package main

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
