// Package environment knows which variables programs read as they start. It is apart from
// package function as every agent has it, and would have to read YAML with that.
package environment

import "strings"

// startVariables, by how they begin, are read by an interpreter or its libraries
// when they start; those that end in = are whole names.
var startVariables = []string{
	"PYTHON", "LD_", "MALLOC_", "GLIBC_", "LC_", "UV_", "LANG=", "LANGUAGE=", "TZ=", "TZDIR=",
	"NODE_OPTIONS=", "NODE_PATH=", "NODE_EXTRA_CA_CERTS=", "NODE_ICU_DATA=", "NODE_DEBUG=", "NODE_NO_WARNINGS=", "NODE_V8_COVERAGE=",
	"NODE_PENDING_DEPRECATION=", "NODE_PRESERVE_SYMLINKS=", "NODE_REPL_EXTERNAL_MODULE=", "NODE_TLS_REJECT_UNAUTHORIZED=", "NODE_COMPILE_CACHE=",
	"OPENSSL_CONF=", "SSL_CERT_FILE=", "SSL_CERT_DIR=",
}

// NeedsOwnStart reports whether the environment sets what an interpreter that runs already would not heed.
func NeedsOwnStart(environment map[string]string) bool {
	for name := range environment {
		for _, start := range startVariables {
			if strings.HasPrefix(name+"=", start) {
				return true
			}
		}
	}
	return false
}
