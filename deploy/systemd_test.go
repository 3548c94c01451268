package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unit is a systemd unit: the values of each key, in their order.
type unit map[string][]string

func units(t *testing.T) map[string]unit {
	t.Helper()
	files, err := filepath.Glob("systemd/*.service")
	if err != nil || len(files) != 6 {
		t.Fatal(files, err)
	}
	all := map[string]unit{}
	for _, file := range files {
		u := unit{}
		for line := range strings.Lines(read(t, file)) {
			line = strings.TrimSpace(line)
			key, value, ok := strings.Cut(line, "=")
			switch {
			case line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "["):
			case !ok:
				t.Errorf("%s: %q is no setting", file, line)
			default:
				u[key] = append(u[key], value)
			}
		}
		all[filepath.Base(file)] = u
	}
	return all
}

// roleOf is the role whose configuration a unit starts; empty: NATS, or any.
func roleOf(name string) string {
	role := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(name, ".service"), "paymux-"), "@")
	if role == "nats" || role == "paymux" {
		return ""
	}
	return role
}

// own are the keys in which units differ; all else is the same for all.
var own = []string{
	"Description", "ExecStart", "ExecStartPre", "ExecReload", "User", "DynamicUser", "StateDirectory", "RuntimeDirectory", "RuntimeDirectoryMode",
	"LoadCredential", "Environment",
}

func TestUnitsAreHardenedAlike(t *testing.T) {
	t.Parallel()
	all := units(t)
	want := all["paymux-node.service"]
	for name, u := range all {
		for key := range want {
			if !slices.Contains(own, key) && !slices.Equal(u[key], want[key]) {
				t.Errorf("%s: %s is %q, of the node %q", name, key, u[key], want[key])
			}
		}
		if dynamic, user := u["DynamicUser"], u["User"]; len(dynamic)+len(user) != 1 || slices.Contains(user, "root") {
			t.Errorf("%s runs as %v %v", name, dynamic, user)
		}
		for _, user := range u["User"] {
			if !strings.Contains(read(t, "systemd/paymux.sysusers.conf"), "u "+user+" ") {
				t.Errorf("%s: user %s is made by nobody", name, user)
			}
		}
	}
	for _, key := range []string{"NoNewPrivileges", "ProtectSystem", "CapabilityBoundingSet", "SystemCallFilter", "MemoryDenyWriteExecute", "PrivateUsers"} {
		if len(want[key]) == 0 {
			t.Errorf("units have no %s", key)
		}
	}
}

var credential = regexp.MustCompile(`%d/([a-zA-Z0-9_.]+)`)

// What a role's example configuration names as a secret, its unit loads as a credential and points to, under keys that the program knows.
func TestUnitsGiveEachRoleItsSecrets(t *testing.T) {
	t.Parallel()
	docs, err := paymux(t, nil, "config", "docs")
	if err != nil {
		t.Fatal(docs)
	}
	for name, u := range units(t) {
		var loaded, shown []string
		for _, c := range u["LoadCredential"] {
			id, path, ok := strings.Cut(c, ":")
			if !ok || !strings.HasPrefix(path, "/etc/paymux/credentials/") {
				t.Errorf("%s: LoadCredential=%s", name, c)
			}
			loaded = append(loaded, id)
		}
		for _, e := range u["Environment"] {
			key, value, _ := strings.Cut(e, "=")
			if !strings.Contains(docs, "("+key+")") {
				t.Errorf("%s: the program knows no %s", name, key)
			}
			if m := credential.FindStringSubmatch(value); m != nil {
				shown = append(shown, m[1])
			}
		}
		role := roleOf(name)
		if role == "" {
			continue
		}
		for _, pre := range u["ExecStartPre"] {
			if strings.Contains(pre, "${CREDENTIALS_DIRECTORY}/keys_master") {
				shown = append(shown, "keys_master")
			}
		}
		example, err := filepath.Glob("config/east/" + role + "*.yaml")
		if err != nil || len(example) != 1 {
			t.Fatal(example, err)
		}
		named := namedSecrets(read(t, example[0]))
		for i, n := range named {
			if strings.HasPrefix(n, "gateway-") {
				named[i] = "gateway.nk" // its channel's
			}
		}
		if !slices.Equal(sorted(loaded), sorted(named)) || !slices.Equal(sorted(shown), sorted(named)) {
			t.Errorf("%s loads %v and points to %v; %s names %v", name, sorted(loaded), sorted(shown), example[0], sorted(named))
		}
		if file := strings.Fields(u["ExecStart"][0]); !strings.HasPrefix(filepath.Base(file[len(file)-1]), role) {
			t.Errorf("%s starts %v", name, file)
		}
	}
}

// systemd reads the units without a complaint, and finds little that they could do beyond their work.
func TestSystemdTakesTheUnits(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed (on Debian: apt-get install systemd)")
	}
	dir := t.TempDir()
	var files []string
	for name := range units(t) {
		as := strings.Replace(name, "@", "@any", 1)
		files = append(files, filepath.Join(dir, as))
		if err := os.WriteFile(files[len(files)-1], []byte(strings.ReplaceAll(read(t, "systemd/"+name), "/usr/bin/paymux", binary)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), program, append([]string{"verify", "--man=no"}, files...)...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	for _, file := range files { // 20 of 100: what is left is the network and the user's own files
		out, err := exec.CommandContext(t.Context(), program, "security", "--offline=true", "--no-pager", "--threshold=20", file).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze security %s: %v\n%s", filepath.Base(file), err, out)
		}
	}
}
