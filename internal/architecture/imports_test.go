// Package architecture holds the rules between the packages of this module as tests.
package architecture

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/minifaas/minifaas/"

// rules say what of this module the packages below a folder may import. The
// first rule that matches a folder counts. Tests may import more.
var rules = []struct {
	folder string
	may    []string
	// stdlib: nothing from outside of this module either, but the standard library.
	stdlib bool
}{
	{folder: "scheduler/engine", stdlib: true},
	{folder: "scheduler/policy", may: []string{"scheduler/engine"}, stdlib: true},
	{folder: "scheduler", may: []string{"scheduler", "proto", "internal"}},
	{folder: "resourcemanager/ledger", may: []string{}, stdlib: true},
	{folder: "resourcemanager", may: []string{"resourcemanager", "proto", "internal"}},
	{folder: "nodeservice", may: []string{"nodeservice", "proto", "internal"}},
	{folder: "containerservice/native", may: []string{"containerservice/frame", "internal/nonblocking"}, stdlib: true},
	{folder: "containerservice", may: []string{"containerservice", "internal"}},
	{folder: "apiserver", may: []string{"apiserver", "proto", "internal"}},
	{folder: "bench/functions", may: []string{"containerservice/native"}},
	{folder: "bench", may: []string{"bench", "scheduler/engine", "scheduler/policy", "proto", "internal"}},
	{folder: "cmd/containerservice", may: []string{"containerservice"}},
	{folder: "cmd/containerservice-full", may: []string{"containerservice"}},
	{folder: "cmd", may: []string{"apiserver", "scheduler", "resourcemanager", "nodeservice", "bench", "proto", "internal"}},
	{folder: "internal", may: []string{"internal", "proto"}},
	{folder: "proto", may: []string{}},
}

func TestImportsPointOneWay(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "tools" || strings.HasPrefix(entry.Name(), ".") && path != root) {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		checkFile(t, path, filepath.ToSlash(rel), seen)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules {
		if !seen[rule.folder] {
			t.Errorf("no file is under the rule for %s: the rule is stale", rule.folder)
		}
	}
}

// TestAgentsStartAtOnce: what an agent has in it is set up with every container. Protobuf and
// gRPC were a quarter of that.
func TestAgentsStartAtOnce(t *testing.T) {
	list, err := exec.Command("go", "list", "-deps", module+"cmd/containerservice").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, list)
	}
	for dependency := range strings.FieldsSeq(string(list)) {
		if within(dependency, "google.golang.org") {
			t.Errorf("the agent has %s in it", dependency)
		}
	}
}

func checkFile(t *testing.T, path, rel string, seen map[string]bool) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules {
		if !within(rel, rule.folder) {
			continue
		}
		seen[rule.folder] = true
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if ours, ok := strings.CutPrefix(imported, module); ok {
				if !allowed(ours, rule.may) && !within(ours, rule.folder) {
					t.Errorf("%s imports %s; %s may import %v of this module", rel, ours, rule.folder, rule.may)
				}
			} else if rule.stdlib && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") && !within(imported, "golang.org/x/sys") {
				t.Errorf("%s imports %s; %s may import the standard library only", rel, imported, rule.folder)
			}
		}
		return
	}
	t.Errorf("%s is in no room of the house: see docs/architecture.md", rel)
}

func allowed(path string, folders []string) bool {
	for _, folder := range folders {
		if within(path, folder) {
			return true
		}
	}
	return false
}

func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}
