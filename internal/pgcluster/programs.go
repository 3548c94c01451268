package pgcluster

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrMissing: the server's programs are not on this machine.
var ErrMissing = errors.New("PostgreSQL's initdb and postgres were not found in PATH, in /usr/lib/postgresql/*/bin or where pg_config says; on Debian: apt-get install postgresql")

type programs struct{ initdb, postgres string }

func findPrograms(ctx context.Context) (programs, error) {
	for _, folder := range folders(ctx) {
		p := programs{initdb: filepath.Join(folder, "initdb"), postgres: filepath.Join(folder, "postgres")}
		if executable(p.initdb) && executable(p.postgres) {
			return p, nil
		}
	}
	return programs{}, ErrMissing
}

// folders lists where the programs may be: PATH first, so that a user can choose, then Debian's, newest
// version first, then what pg_config tells.
func folders(ctx context.Context) []string {
	all := filepath.SplitList(os.Getenv("PATH"))
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well formed
	slices.SortFunc(debian, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	all = append(all, debian...)
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		all = append(all, strings.TrimSpace(string(out)))
	}
	return all
}

func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin))) // what is no number comes last
	return n
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
