package cold

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/minifaas/minifaas/internal/function"
)

//go:embed program/hello.wasm
var module []byte

// code is what the functions of a subject are made of. Those of interpreters answer
// with the interpreter's path, so that the same one is started by itself.
type code struct {
	runtime, handler, file string
	content                []byte
	preload                []string
}

var pythonCode = "import sys\n\ndef handler(event, context):\n    return sys.executable\n"

// subjectCode has no content for Native, whose program comes with this one.
var subjectCode = map[string]code{
	Python:        {runtime: function.Python3, handler: "app.handler", file: "app.py", content: []byte(pythonCode)},
	PythonImports: {runtime: function.Python3, handler: "app.handler", file: "app.py", content: []byte("import " + imports + "\n" + pythonCode), preload: strings.Split(imports, ", ")},
	Node:          {runtime: function.NodeJS, handler: "app.handler", file: "app.js", content: []byte("exports.handler = async () => process.execPath;\n")},
	Native:        {runtime: function.Native, handler: "hello", file: "hello"},
	Wasm:          {runtime: function.Wasm, handler: "hello.wasm", file: "hello.wasm", content: module},
}

// declaration is a function in a manifest.
type declaration struct {
	Name    string        `yaml:"name"`
	Runtime string        `yaml:"runtime"`
	Handler string        `yaml:"handler"`
	Code    string        `yaml:"code"`
	Memory  function.Size `yaml:"memory"`
	Preload []string      `yaml:"preload,omitempty"`
}

// WriteFunctions lays out so many functions of each subject in a folder, from which a
// platform can serve them. native is the program of a resident function that says hello.
func WriteFunctions(folder string, native []byte, subjects []string, copies int) error {
	var declarations []declaration
	for _, name := range subjects {
		c, ok := subjectCode[name]
		if !ok {
			return fmt.Errorf("write functions: there is no subject %q: it is one of %v", name, Names)
		}
		if name == Native {
			c.content = native
		}
		dir := filepath.Join(folder, "cold-"+name)
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, c.file), c.content, 0o755)); err != nil {
			return fmt.Errorf("write functions: %w", err)
		}
		for n := range copies {
			declarations = append(declarations, declaration{
				Name: functionName(name, n), Runtime: c.runtime, Handler: c.handler, Code: filepath.Base(dir), Memory: Memory, Preload: c.preload,
			})
		}
	}
	manifest, err := yaml.Marshal(map[string]any{"functions": declarations})
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "functions.yaml"), manifest, 0o644)
	}
	if err != nil {
		return fmt.Errorf("write functions: %w", err)
	}
	return nil
}
