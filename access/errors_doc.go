package access

import (
	"bytes"
	"fmt"
)

// ErrorsDoc is the catalogue of errors as docs/errors.md has it.
func ErrorsDoc() []byte {
	var b bytes.Buffer
	b.WriteString("# Errors\n\n" +
		"Generated from the catalogue in access/problems.go by `go test ./access -run Golden -update`.\n\n" +
		"Every error is a problem document (RFC 9457, `application/problem+json`). Programs look at `code`; people read `detail`;\n" +
		"`errors` lists every field at fault; `request_id` finds the request in logs and timelines. The same pages are served at `/errors/<code>`.\n\n" +
		"| code | HTTP | what it means and what to do | 含义与处理方式 |\n|---|---|---|---|\n")
	for i := range catalogue {
		e := &catalogue[i]
		fmt.Fprintf(&b, "| `%s` | %d | **%s.** %s | **%s。** %s |\n", e.Code, e.Status, e.Title, e.Help, e.TitleZh, e.HelpZh)
	}
	return b.Bytes()
}
