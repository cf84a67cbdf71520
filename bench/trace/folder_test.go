package trace

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFolderThatIsNoWorkload(t *testing.T) {
	const events, spec = "offset_ms,function,duration_ms,memory_mb\n0,f,1,16\n", "builtin/steady.yaml"
	steady, err := os.ReadFile(spec)
	if err != nil {
		t.Fatal(err)
	}
	dir := azureFolder(t, map[string]string{
		"a.csv": events, "b.csv.gz": events, "c.yaml": string(steady), "compose.yaml": "services: {}\n", "d.csv": "x,y\n", "e.txt": "hello\n",
	})
	if err := os.Mkdir(filepath.Join(dir, "folder.csv"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir, Options{})
	want := "give a file of it: " + filepath.Join(dir, "a.csv") + ", " + filepath.Join(dir, "b.csv.gz") + ", " + filepath.Join(dir, "c.yaml")
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v\nwant it to end with %q", err, want)
	}
	_, err = Open("builtin", Options{})
	if err == nil || !strings.HasSuffix(err.Error(), "builtin/herd.yaml, …") && !strings.HasSuffix(err.Error(), "builtin/heavy-tail.yaml, …") {
		t.Errorf("of a folder with many: %v", err)
	}
}
