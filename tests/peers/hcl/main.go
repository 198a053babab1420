// hcl reads a file for Terraform on standard input and prints what it says as JSON: blocks by type and labels, expressions
// evaluated, and references to other resources as the texts that they are. It fails if the file is not formatted as
// `terraform fmt` does it.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	check(err)
	if formatted := hclwrite.Format(text); !bytes.Equal(formatted, text) {
		check(fmt.Errorf("not formatted, which would be:\n%s", formatted))
	}
	file, diagnostics := hclsyntax.ParseConfig(text, "stdin", hcl.InitialPos)
	if diagnostics.HasErrors() {
		check(diagnostics)
	}
	read, err := body(file.Body.(*hclsyntax.Body))
	check(err)
	out, err := json.MarshalIndent(read, "", "  ")
	check(err)
	fmt.Println(string(out))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// body has attributes by name, and blocks by type, each with its labels under "labels".
func body(b *hclsyntax.Body) (map[string]any, error) {
	read := map[string]any{}
	for name, attribute := range b.Attributes {
		value, err := evaluate(attribute.Expr)
		if err != nil {
			return nil, err
		}
		read[name] = value
	}
	for _, block := range b.Blocks {
		inside, err := body(block.Body)
		if err != nil {
			return nil, err
		}
		if len(block.Labels) > 0 {
			inside["labels"] = block.Labels
		}
		blocks, _ := read[block.Type].([]any)
		read[block.Type] = append(blocks, inside)
	}
	return read, nil
}

// evaluate gives each reference its own text as its value.
func evaluate(expression hclsyntax.Expression) (json.RawMessage, error) {
	tree := map[string]any{}
	for _, traversal := range expression.Variables() {
		here := tree
		text := traversal.RootName()
		names := []string{text}
		for _, step := range traversal[1:] {
			attribute, is := step.(hcl.TraverseAttr)
			if !is {
				return nil, fmt.Errorf("%s: not an attribute", traversal.SourceRange())
			}
			names = append(names, attribute.Name)
			text += "." + attribute.Name
		}
		for _, name := range names[:len(names)-1] {
			below, is := here[name].(map[string]any)
			if !is {
				below = map[string]any{}
				here[name] = below
			}
			here = below
		}
		here[names[len(names)-1]] = text
	}
	context := &hcl.EvalContext{
		Variables: map[string]cty.Value{},
		Functions: map[string]function.Function{"jsonencode": stdlib.JSONEncodeFunc},
	}
	for name, below := range tree {
		context.Variables[name] = object(below)
	}
	value, diagnostics := expression.Value(context)
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	return ctyjson.Marshal(value, value.Type())
}

func object(below any) cty.Value {
	text, is := below.(string)
	if is {
		return cty.StringVal(text)
	}
	values := map[string]cty.Value{}
	for name, value := range below.(map[string]any) {
		values[name] = object(value)
	}
	return cty.ObjectVal(values)
}
