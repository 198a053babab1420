// kyaml passes objects through with the library that functions in Go are written with: reads a ResourceList, a List or a
// stream of documents on standard input, and prints the same. What it takes is what a function that does nothing takes.
package main

import (
	"fmt"
	"os"

	"sigs.k8s.io/kustomize/kyaml/kio"
)

func main() {
	both := &kio.ByteReadWriter{Reader: os.Stdin, Writer: os.Stdout, OmitReaderAnnotations: true}
	if err := (kio.Pipeline{Inputs: []kio.Reader{both}, Outputs: []kio.Writer{both}}).Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
