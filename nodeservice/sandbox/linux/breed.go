package linux

import (
	"strings"
	"time"

	"github.com/minifaas/minifaas/internal/environment"
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// breed is what a zygote is and has imported.
type breed struct {
	interpreter string
	preload     string // modules, with blanks between
	function    string // that it has initialised, if any
}

// breedOf reports false for functions that no zygote's fork can run.
func breedOf(f function.Function, program interpreter) (breed, bool) {
	if f.Runtime != function.Python3 || environment.NeedsOwnStart(f.Environment) {
		return breed{}, false
	}
	return breed{program.path, strings.Join(f.Preload, " "), ""}, true
}

func (b breed) modules() []string { return strings.Fields(b.preload) }

// mostStarting is how many are started at once. One may take seconds; where all of those do, one
// more is for tenants', which serve many functions.
func (b breed) mostStarting() int {
	if b.function == "" {
		return 5
	}
	return 4
}

// interest in a breed.
type interest struct {
	last   time.Time     // asked for
	failed time.Time     // to start
	rest   time.Duration // since then, which doubles each time
	fault  error         // why it failed; nil when it has not
	// spec is of the last container, where the breed is one function's.
	spec sandbox.Spec
	// starting is set while one is being started, for which so much memory is set aside, in bytes.
	starting bool
	reserved int64
}

// retryAfter is how long a breed is left alone at first that could not be started: most often
// it names a module that is not there.
const retryAfter = time.Minute

// mayStart: one that failed is left alone for a while, and a function's until that is asked for again.
func (i *interest) mayStart(b breed, now time.Time) bool {
	return !i.starting && now.Sub(i.failed) > max(i.rest, retryAfter) && (b.function == "" || i.last.After(i.failed))
}
