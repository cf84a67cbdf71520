// Package functions carries the sample functions, so that a program can lay
// them out wherever it runs a platform. The compiled ones are not in it.
package functions

import "embed"

// FS holds a folder for each sample: its function.yaml, and its code unless it
// has to be compiled.
//
//go:embed */function.yaml hello-python hello-nodejs hello-shell load-python load-nodejs
var FS embed.FS
