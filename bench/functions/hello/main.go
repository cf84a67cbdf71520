// Command hello greets whom its event names: {"name": "world"}.
package main

import (
	"context"
	"encoding/json"

	"github.com/minifaas/minifaas/containerservice/native"
)

func main() {
	native.Serve(func(_ context.Context, event []byte) ([]byte, error) {
		who := struct{ Name string }{"world"}
		if err := json.Unmarshal(event, &who); err != nil {
			return nil, err
		}
		return []byte("hello, " + who.Name), nil
	})
}
