// Package python holds the programs in Python that the platform runs: the worker,
// which serves one container's function, and the zygotes, of which workers are forked.
// The agents start the worker and the zygote of a function, the node that of a tenant.
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
	//go:embed enter.py
	enter []byte
	//go:embed zygote.py
	tenants []byte
	//go:embed function.py
	functions []byte
)

// The programs are put together when somebody needs one: most agents do not.

func worker() []byte { return slices.Concat(protocol, runner) }

// Worker speaks the framed protocol (docs/native-protocol.md) over the descriptor
// that MINIFAAS_FD names.
func Worker() []byte { return append(worker(), "\n\nmain()\n"...) }

// Zygote is an interpreter that is started outside of all sandboxes and whose forks
// become workers inside; it says itself how one speaks to it.
func Zygote() []byte { return slices.Concat(enter, tenants) }

// FunctionZygote is a worker that does not serve its function, but forks into the
// state in which the initialisation has left it; it says itself how one speaks to it.
func FunctionZygote() []byte { return slices.Concat(worker(), enter, functions) }

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
	}{append([]string{}, preload...), string(worker()), c})
}

// FunctionConfiguration is the first packet to a function's zygote: how its forks shut themselves in.
func FunctionConfiguration(c jail.Confinement) ([]byte, error) {
	return json.Marshal(map[string]jail.Confinement{"confinement": c})
}
