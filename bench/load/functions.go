package load

import (
	"fmt"

	"github.com/minifaas/minifaas/bench/manifest"
	"github.com/minifaas/minifaas/internal/function"
)

const account = "bench"

func functionName(number int) string { return fmt.Sprintf("%s/function-%05d", account, number) }

// Functions declares what the load calls for a platform of simulated nodes: so
// many functions of so much memory, in bytes.
func Functions(n int, memory int64) []manifest.Declaration {
	declarations := make([]manifest.Declaration, n)
	for i := range declarations {
		declarations[i] = manifest.Declaration{
			Name: fmt.Sprintf("function-%05d", i), Account: account, Runtime: function.Simulated,
			Memory: function.Size(memory), Timeout: functionTimeout, Concurrency: 1,
		}
	}
	return declarations
}
