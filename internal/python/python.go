// Package python holds the programs in Python that the platform runs: the worker,
// which serves one container's function, and the zygote, of which workers are forked.
// The agent starts the one, and the node the other.
package python

import (
	_ "embed"
	"encoding/json"
	"slices"

	"github.com/minifaas/minifaas/internal/jail"
)

var (
	//go:embed protocol.py
	protocol []byte
	//go:embed worker.py
	runner []byte

	// Worker speaks the framed protocol (docs/native-protocol.md) over the descriptor
	// that MINIFAAS_FD names.
	Worker = slices.Concat(protocol, runner)
	// Zygote is an interpreter that is started outside of all sandboxes and whose forks
	// become workers inside; it says itself how one speaks to it.
	//
	//go:embed zygote.py
	Zygote []byte
)

// Arguments are those of an interpreter that reads one of the programs on its standard
// input. -S saves a quarter of the start; the worker adds the site's packages when a
// module is not found without them, but, by -s, none of a home: a zygote's would
// be that of the host's root.
var Arguments = []string{"-s", "-S", "-"}

// Configuration is the first packet to a zygote: the modules that it imports, and how
// its forks shut themselves in.
func Configuration(preload []string, c jail.Confinement) ([]byte, error) {
	return json.Marshal(struct {
		Preload     []string         `json:"preload"`
		Worker      string           `json:"worker"`
		Confinement jail.Confinement `json:"confinement"`
	}{append([]string{}, preload...), string(Worker), c})
}
