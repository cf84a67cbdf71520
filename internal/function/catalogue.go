package function

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// DefaultAccount owns the functions that name no account.
const DefaultAccount = "default"

// ErrNotFound: the catalogue has no such function.
var ErrNotFound = errors.New("function not found")

// Catalogue holds the functions that can be invoked. It does not change once
// loaded, so that it may be read by many.
type Catalogue struct {
	functions map[Name]Function
	latest    map[Name]Name // without version → with
}

func newCatalogue(functions []Function) (*Catalogue, error) {
	c := &Catalogue{functions: map[Name]Function{}, latest: map[Name]Name{}}
	var faults []error
	for _, f := range functions {
		bare := Name{Account: f.Name.Account, Function: f.Name.Function}
		if _, twice := c.latest[bare]; twice {
			faults = append(faults, fmt.Errorf("function %s/%s is declared twice", bare.Account, bare.Function))
			continue
		}
		c.latest[bare] = f.Name
		c.functions[f.Name] = f
	}
	return c, errors.Join(faults...)
}

// Find returns the function that account calls name. The name may carry an
// account and a version of its own: [account/]name[@version]. An empty account
// is the default one.
func (c *Catalogue) Find(account, name string) (Function, error) {
	n, err := ParseName(name)
	if err != nil {
		return Function{}, err
	}
	if n.Account == "" {
		n.Account = account
	}
	if n.Account == "" {
		n.Account = DefaultAccount
	}
	if n.Version == "" {
		n = c.latest[n]
	}
	f, ok := c.functions[n]
	if !ok {
		return Function{}, fmt.Errorf("%w: %q; minifaas functions lists those that are there", ErrNotFound, name)
	}
	return f, nil
}

// All returns every function in order of account and name.
func (c *Catalogue) All() []Function {
	all := make([]Function, 0, len(c.functions))
	for _, f := range c.functions {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b Function) int { return strings.Compare(a.Name.String(), b.Name.String()) })
	return all
}

const nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

// isNamePart: 1 to 128 of them.
func isNamePart(s string) bool {
	return len(s) >= 1 && len(s) <= 128 && strings.Trim(s, nameCharacters) == ""
}

// ParseName reads [account/]name[@version]; parts that are not there stay empty.
func ParseName(s string) (Name, error) {
	var n Name
	rest := s
	if account, name, ok := strings.Cut(rest, "/"); ok {
		n.Account, rest = account, name
		if !isNamePart(account) {
			return Name{}, fmt.Errorf("%w: %q is no function name: [account/]name[@version] of letters, digits, _ . and -", ErrNotFound, s)
		}
	}
	if name, version, ok := strings.Cut(rest, "@"); ok {
		n.Version, rest = version, name
	}
	n.Function = rest
	if !isNamePart(n.Function) || n.Version != "" && !isNamePart(n.Version) {
		return Name{}, fmt.Errorf("%w: %q is no function name: [account/]name[@version] of letters, digits, _ . and -", ErrNotFound, s)
	}
	return n, nil
}
