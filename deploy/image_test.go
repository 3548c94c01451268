package deploy_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var fromLine = regexp.MustCompile(`(?m)^FROM (\S+)`)

// The image is built with the version of Go that go.mod wants, from pinned images, and runs as nobody in particular.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	file := read(t, "Dockerfile")
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(read(t, "../go.mod"))[1]
	froms := fromLine.FindAllStringSubmatch(file, -1)
	if len(froms) != 2 || !strings.HasPrefix(froms[0][1], "golang:"+version+"-") || froms[1][1] != "scratch" {
		t.Errorf("it is built from %v; go.mod wants go %s", froms, version)
	}
	for _, line := range []string{"USER 65532:65532", `ENTRYPOINT ["/usr/bin/paymux"]`} {
		if !strings.Contains(file, "\n"+line+"\n") {
			t.Errorf("it lacks %s", line)
		}
	}
	check := regexp.MustCompile(`(?m)^HEALTHCHECK .* CMD \["/usr/bin/paymux", "healthcheck"\]$`)
	if !check.MatchString(file) {
		t.Error("it has no healthcheck by the program")
	}
}

// The program that goes into an image without any library needs none.
func TestTheProgramIsBuiltWithoutC(t *testing.T) {
	t.Parallel()
	if !strings.Contains(read(t, "Dockerfile"), "CGO_ENABLED=0 go build -trimpath") {
		t.Fatal("the Dockerfile builds with C")
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if .CgoFiles}}{{.ImportPath}}{{end}}", "../cmd/paymux")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "" {
		t.Errorf("%v: %s", err, out)
	}
}
