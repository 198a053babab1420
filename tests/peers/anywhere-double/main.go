// Command anywhere-double is IAM Roles Anywhere for tests, and as strict: CreateSession in both layouts that signers
// write, with the chain, the certificate, the SigV4-X509 signature, the profile and the role's trust policy checked.
//
// The world (trust anchors, profiles, roles) is a JSON file in AWS's own shapes. When it is ready, one line of JSON says
// where: {"http": "...", "https": "...", "ca": "..."}, the last being the file with its server certificate.
// `GET /seen` has every CreateSession so far and how it ended. It ends when its standard input does.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

func main() {
	file := flag.String("world", "", "JSON file of trust anchors, profiles and roles")
	sts := flag.String("sts", "", "an STS that hands out the credentials, such as moto's; made-up ones without it")
	flag.Parse()
	dir, err := os.MkdirTemp("", "iamra-anywhere-")
	if err == nil {
		err = run(dir, *file, *sts)
		os.RemoveAll(dir)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "anywhere-double: %v\n", err)
		os.Exit(1)
	}
}

func run(dir, file, sts string) error {
	world, err := readWorld(file)
	if err != nil {
		return err
	}
	service := &service{world: world, bank: bank{sts, world.SecondsLeft}, throttled: world.Throttle}
	certificate, ca, err := serverCertificate(dir)
	if err != nil {
		return err
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	secure, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		return err
	}
	server := &http.Server{Handler: service.routes(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(plain) }()
	go func() { failed <- server.Serve(secure) }()
	line, err := json.Marshal(map[string]string{
		"http": "http://" + plain.Addr().String(), "https": "https://" + secure.Addr().String(), "ca": ca,
	})
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	ended := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); close(ended) }()
	select {
	case err := <-failed:
		return err
	case <-ended:
		return nil
	}
}

// serverCertificate is one for 127.0.0.1, and the file that has it for those who must trust it.
func serverCertificate(dir string) (tls.Certificate, string, error) {
	none := func(err error) (tls.Certificate, string, error) { return tls.Certificate{}, "", err }
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return none(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return none(err)
	}
	file := filepath.Join(dir, "ca.crt")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return none(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file, nil
}
