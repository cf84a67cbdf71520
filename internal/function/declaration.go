package function

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Sizes where a declaration is silent, and the largest it may ask for.
const (
	DefaultMemory  = 128 << 20
	DefaultTimeout = 60 * time.Second
	MaxTimeout     = 15 * time.Minute
	MaxConcurrency = 1000
)

// LeastMemory is the smallest memory limit of a real container: what the agent in it takes
// for itself, with room to fail in an orderly way.
const LeastMemory = 24 << 20

// declaration is a function as its author writes it.
type declaration struct {
	Name        string            `yaml:"name"`
	Account     string            `yaml:"account"`
	Runtime     string            `yaml:"runtime"`
	Handler     string            `yaml:"handler"`
	Code        string            `yaml:"code"`
	Memory      Size              `yaml:"memory"`
	Timeout     Duration          `yaml:"timeout"`
	Concurrency int               `yaml:"concurrency"`
	Environment map[string]string `yaml:"environment"`
	Preload     []string          `yaml:"preload"`
	Snapshot    bool              `yaml:"snapshot"`
	Network     string            `yaml:"network"`
	Resident    Size              `yaml:"resident"`
}

// Values of declaration.Network; silence is networkNone.
const (
	networkNone   = "none"
	networkEgress = "egress"
)

// function checks d and fills in what it leaves open. Paths are relative to folder.
func (d declaration) function(folder string) (Function, error) {
	f := Function{
		Name:        Name{Account: d.Account, Function: d.Name},
		Runtime:     d.Runtime,
		Handler:     d.Handler,
		Code:        filepath.Join(folder, d.Code),
		Memory:      int64(d.Memory),
		Timeout:     time.Duration(d.Timeout),
		Concurrency: d.Concurrency,
		Environment: d.Environment,
		Preload:     d.Preload,
		Snapshot:    d.Snapshot,
		Egress:      d.Network == networkEgress,
		Resident:    int64(d.Resident),
	}
	if filepath.IsAbs(d.Code) {
		f.Code = d.Code
	}
	if f.Name.Account == "" {
		f.Name.Account = DefaultAccount
	}
	if f.Memory == 0 {
		f.Memory = DefaultMemory
	}
	if f.Timeout == 0 {
		f.Timeout = DefaultTimeout
	}
	if err := d.check(f); err != nil {
		return Function{}, err
	}
	var err error
	if f.Runtime == Simulated {
		f.Code = ""
	} else if f.Code, err = filepath.Abs(f.Code); err != nil {
		return Function{}, err
	}
	f.Name.Version, err = digest(f)
	return f, err
}

func (d declaration) check(f Function) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !isNamePart(d.Name) {
		fault("name %q: want 1 to 128 letters, digits, _ . or -", d.Name)
	}
	if d.Account != "" && !isNamePart(d.Account) {
		fault("account %q: want 1 to 128 letters, digits, _ . or -", d.Account)
	}
	if runtimes := []string{Python3, NodeJS, Binary, Native, Custom, Wasm, Simulated}; !slices.Contains(runtimes, d.Runtime) {
		fault("runtime %q: want one of %q", d.Runtime, runtimes)
	}
	if d.Runtime == Simulated && (d.Handler != "" || d.Code != "") {
		fault("runtime simulated: it has no code, so leave out handler and code")
	}
	if d.Runtime != Simulated && d.Resident != 0 {
		fault("resident %v: only the runtime simulated has it; the others use what they use", d.Resident)
	}
	if len(d.Preload) > 0 && d.Runtime != Python3 {
		fault("preload: only the runtime python3 has it")
	}
	if d.Snapshot && d.Runtime != Wasm && d.Runtime != Python3 {
		fault("snapshot: only the runtimes python3 and wasm have it")
	}
	if networks := []string{networkNone, networkEgress}; d.Network != "" && !slices.Contains(networks, d.Network) {
		fault("network %q: want one of %q", d.Network, networks)
	}
	if f.Egress && d.Runtime == Wasm {
		fault("network egress: the runtime wasm has no network (WASI preview 1 can't open a connection)")
	}
	for _, module := range d.Preload {
		if parts := strings.Split(module, "."); slices.Contains(parts, "__main__") || parts[0] == "test" {
			fault("preload %q: it is a program, which would run", module)
		}
		if !isModuleName(module) {
			fault("preload %q: want the name of a Python module, such as urllib.request", module)
		}
	}
	least := Size(LeastMemory)
	if d.Runtime == Simulated {
		least = 1 << 20
	}
	if Size(f.Memory) < least {
		fault("memory %v: want at least %v", Size(f.Memory), least)
	}
	if f.Timeout < time.Millisecond || f.Timeout > MaxTimeout {
		fault("timeout %v: want 1ms to %v", f.Timeout, MaxTimeout)
	}
	if f.Concurrency < 0 || f.Concurrency > MaxConcurrency {
		fault("concurrency %d: want 0 (the scheduler decides) to %d", f.Concurrency, MaxConcurrency)
	}
	return errors.Join(faults...)
}

// isModuleName: identifiers of Python with dots between. Every agent has this package in
// it, and would compile a regular expression for that at each start.
func isModuleName(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		for i, c := range part {
			if c != '_' && !unicode.IsLetter(c) && (i == 0 || !unicode.IsNumber(c)) {
				return false
			}
		}
		if part == "" {
			return false
		}
	}
	return true
}
