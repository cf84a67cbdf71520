package manifest

import (
	"fmt"
	"slices"

	"github.com/minifaas/minifaas/internal/function"
)

// samples names the load function of each runtime.
var samples = []string{"load-native", "load-python", "load-nodejs"}

// Samples finds the load functions in a folder of functions, of those runtimes
// that are available: function.Native always is.
func Samples(folder string, available func(runtime string) bool) ([]Sample, error) {
	catalogue, err := function.Load(folder)
	if err != nil {
		return nil, fmt.Errorf("find load functions: %w", err)
	}
	var found []Sample
	for _, f := range catalogue.All() {
		if !slices.Contains(samples, f.Name.Function) {
			continue
		}
		if f.Runtime == function.Native || available(f.Runtime) {
			found = append(found, Sample{Runtime: f.Runtime, Handler: f.Handler, Code: f.Code})
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("find load functions: none of %q is in %s", samples, folder)
	}
	return found, nil
}
