// Package policy holds the strategies that an engine can be given: our own, and
// those that the field has published, to compare with. All of them are
// deterministic: no clock, no chance but from a seed, and no arithmetic that
// processors may do differently.
package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Info says what a policy is.
type Info struct {
	// Name is what New and the configuration call it.
	Name string
	// Family is the question to which the policy has an answer of its own.
	Family string
	// Summary is the rule, in a sentence or two.
	Summary string
	// Source is where the rule was published; it is empty for our own.
	Source string
}

// Families of policies, each in one piece in the list of all.
const (
	familyWhole     = "whole"      // all questions
	familyKeepAlive = "keep-alive" // which idle containers are kept, and for how long
	familyScaling   = "scaling"    // how many containers there are
	familyPlacement = "placement"  // on which nodes
)

type entry struct {
	Info
	make func(plain) engine.Policy
}

var known = slices.Concat(
	[]entry{adaptiveEntry, baselineEntry},
	ttlEntries,
	cacheEntries,
	greedyDualEntries,
	[]entry{hybridEntry, histIATEntry, rainbowCakeEntry},
	autoscalerEntries,
	[]entry{openWhiskEntry, pulseNetEntry, cidreEntry, nightcoreEntry},
	placementEntries,
)

// Names lists what New knows, in the order of All.
var Names = names()

func names() []string {
	all := make([]string, len(known))
	for i, e := range known {
		all[i] = e.Name
	}
	return all
}

// All describes every policy: our own and the contest's first, then those of
// the field by family, the simplest ones first.
func All() []Info {
	all := make([]Info, len(known))
	for i, e := range known {
		all[i] = e.Info
	}
	return all
}

// New makes the policy of that name, with its default settings. Every engine
// needs one of its own.
func New(name string) (engine.Policy, error) {
	for _, e := range known {
		if e.Name == name {
			return e.make(plain{name}), nil
		}
	}
	return nil, fmt.Errorf("policy %q: unknown, there are%s", name, listed())
}

// listed is a line for each family.
func listed() string {
	var b strings.Builder
	family := ""
	for _, e := range known {
		if e.Family == family {
			b.WriteString(", " + e.Name)
			continue
		}
		family = e.Family
		b.WriteString("\n  " + family + ": " + e.Name)
	}
	return b.String()
}

var adaptiveEntry = entry{
	Info{
		"adaptive", familyWhole,
		"Prices every decision with what it has learned of each function: to wait or to create, to share or not, to keep or to let go.",
		"",
	},
	func(plain) engine.Policy {
		a, err := NewAdaptive(AdaptiveConfig{Enlarge: true})
		if err != nil {
			panic("policy: the default settings are not valid: " + err.Error())
		}
		return a
	},
}

var baselineEntry = entry{
	Info{
		"baseline", familyWhole,
		"The yardstick of the score: a container for every call that finds none idle, on the first node with room; nothing is ever removed or released.",
		"mini-faas, Alibaba Cloud serverless contest, 2020",
	},
	func(plain) engine.Policy { return Baseline{} },
}
