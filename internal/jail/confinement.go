package jail

import (
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// Confinement is all that a process must do to itself to be shut in as the
// children of an agent with namespaces are, in this order: the limits, no new
// privileges, the bounding set emptied, the secure bits, the rules for files, all
// capabilities given up, the filter. It is for workers that are not forked by the
// agent; they join the agent's namespaces first.
type Confinement struct {
	Limits []Limit `json:"limits"`
	// Securebits is for PR_SET_SECUREBITS.
	Securebits uint `json:"securebits"`
	// Files are empty where the kernel has no landlock.
	Files FileRules `json:"files"`
	// Filter is the seccomp program: an array of struct sock_filter.
	Filter []byte `json:"filter"`
}

// Limit is a resource limit, soft and hard; a lower hard limit stays.
type Limit struct {
	Resource int    `json:"resource"`
	Value    uint64 `json:"value"`
}

// FileRules are a landlock domain: rights to what is below some paths.
type FileRules struct {
	// Handled are the rights that are refused where no rule gives them.
	Handled uint64 `json:"handled"`
	Scoped  uint64 `json:"scoped"`
	// OfFile are the rights that a rule can give to a file.
	OfFile uint64     `json:"of_file"`
	Rules  []FileRule `json:"rules"`
}

// FileRule gives rights to what is below the paths. Those that are not there are left out.
type FileRule struct {
	Rights uint64   `json:"rights"`
	Paths  []string `json:"paths"`
}

// Confine describes the confinement by this machine's kernel, with that filter.
func Confine(filter []byte) Confinement {
	c := Confinement{Securebits: securebits, Filter: filter}
	for _, l := range resourceLimits(processesPerUser) {
		c.Limits = append(c.Limits, Limit{Resource: l.resource, Value: l.value})
	}
	version, err := ll.LandlockGetABIVersion()
	if err != nil {
		return c // without landlock, as restrict
	}
	handled, scoped := known(version)
	c.Files = FileRules{Handled: handled, Scoped: scoped, OfFile: ofFile}
	for _, r := range namespaceRules {
		c.Files.Rules = append(c.Files.Rules, FileRule{Rights: r.rights & handled, Paths: r.paths})
	}
	return c
}
