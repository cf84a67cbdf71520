package density

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed module/hello.wasm
var module []byte

// WriteModule lays out the function hello-wasm in a folder of functions.
func WriteModule(folder string) error {
	folder = filepath.Join(folder, "hello-wasm")
	err := os.MkdirAll(folder, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "main.wasm"), module, 0o644)
	}
	if err == nil {
		manifest := "name: hello-wasm\nruntime: wasm\nmemory: 128MiB\ntimeout: 3s\n"
		err = os.WriteFile(filepath.Join(folder, "function.yaml"), []byte(manifest), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the function hello-wasm: %w", err)
	}
	return nil
}
