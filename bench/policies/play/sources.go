package play

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Sources are hashes of the code that figures depend on, tests left out.
//
// They are of the source files and not of the program, so that a change of what
// shows the figures plays nothing again; the command is therefore to be built
// from the sources that it is pointed at, as "make policies" does. The files
// that only our own policy and only the oracle are made of are hashed apart:
// who tunes one of them need not play all the others again. What comes from
// outside of the module, and the Go version, are no part of it: a simulation
// uses nothing of them that may change what it finds.
type Sources struct{ Common, Adaptive, Oracle string }

// folders are what a simulation is made of, without what only says how it is shown.
var folders = []string{
	"bench/policies/play", "bench/score", "bench/sim", "bench/trace", "bench/trace/builtin",
	"internal/nodemodel", "internal/portable", "scheduler/engine", "scheduler/policy",
}

// HashSources reads the module at root. It is an error if that is not this
// module's source.
func HashSources(root string) (Sources, error) {
	common, adaptive, oracle := sha256.New(), sha256.New(), sha256.New()
	for _, folder := range folders {
		entries, err := fs.ReadDir(os.DirFS(root), folder) // in order of name
		if errors.Is(err, fs.ErrNotExist) {
			return Sources{}, fmt.Errorf("hash sources: %w: run it in the root of the module, or name that", err)
		}
		if err != nil {
			return Sources{}, fmt.Errorf("hash sources: %w", err)
		}
		for _, e := range entries {
			name := e.Name()
			if e.IsDir() || strings.HasSuffix(name, "_test.go") {
				continue
			}
			into := common
			switch {
			case folder == "scheduler/policy" && strings.HasPrefix(name, "adaptive"):
				into = adaptive
			case folder == "bench/sim" && strings.HasPrefix(name, "oracle"):
				into = oracle
			}
			if err := hashFile(into, root, path.Join(folder, name)); err != nil {
				return Sources{}, fmt.Errorf("hash sources: %w", err)
			}
		}
	}
	return Sources{sum(common), sum(adaptive), sum(oracle)}, nil
}

// hashFile adds a file with its name and size, so that none can run into the next.
func hashFile(into hash.Hash, root, name string) error {
	text, err := fs.ReadFile(os.DirFS(root), name)
	if err != nil {
		return err
	}
	fmt.Fprintf(into, "%s %d\n", name, len(text))
	into.Write(text)
	return nil
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// of are the hashes of what the entrant's figures depend on.
func (s Sources) of(e Entrant) []string {
	switch e.Policy {
	case Adaptive:
		return []string{s.Common, s.Adaptive}
	case Oracle:
		return []string{s.Common, s.Oracle}
	default:
		return []string{s.Common}
	}
}
