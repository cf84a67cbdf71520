package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/minifaas/minifaas/internal/config"
)

// version and builtFrom, the commit, are set by the build.
var (
	version   = "development"
	builtFrom string
)

type versionCommand struct{ outputFlags }

func (c *versionCommand) Run(*config.File) error {
	commit := commit()
	if c.Output == "json" {
		return printJSON(map[string]string{"version": version, "commit": commit, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
	}
	_, err := fmt.Printf("minifaas %s, commit %s, %s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// commit is that from which this program was built, as far as the build knew.
func commit() string {
	if builtFrom != "" {
		return builtFrom
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				return setting.Value
			}
		}
	}
	return "unknown"
}
