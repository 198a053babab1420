// Prints the access key of the credentials that a client in Go finds by itself: `sdks v1`, `sdks v2`, `sdks minio`.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func main() {
	find := map[string]func() (string, error){"v1": v1, "v2": v2, "minio": minio}[os.Args[1]]
	key, err := find()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(key)
}

func v1() (string, error) {
	found, err := session.NewSession()
	if err != nil {
		return "", err
	}
	value, err := found.Config.Credentials.Get()
	return value.AccessKeyID, err
}

func v2() (string, error) {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		return "", err
	}
	value, err := settings.Credentials.Retrieve(context.Background())
	return value.AccessKeyID, err
}

// The chain of Thanos, Mimir and Tempo.
func minio() (string, error) {
	chain := []credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{Client: http.DefaultClient},
	}
	value, err := credentials.NewChainCredentials(chain).Get()
	return value.AccessKeyID, err
}
