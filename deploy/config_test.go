package deploy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux/relay"
)

// secretPath is where the examples, compose and the chart have secrets.
const secretPath = "/run/secrets/"

var secretRef = regexp.MustCompile(`(?:file:)` + secretPath + `([a-zA-Z0-9_.-]+)`)

// namedSecrets are the files of secretPath that a configuration names.
func namedSecrets(conf string) (names []string) {
	for _, m := range secretRef.FindAllStringSubmatch(conf, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return sorted(names)
}

// shown lays the secrets of a region where a process of it would see them, and tells where that is.
func shown(t *testing.T, region string) string {
	t.Helper()
	dir := t.TempDir()
	for _, from := range []string{secretsDir + "/*", secretsDir + "/" + region + "/*", secretsDir + "/nats/*.nk", clusterDir + "/trace_headers"} {
		files, err := filepath.Glob(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if info, err := os.Stat(file); err == nil && !info.IsDir() {
				write(t, filepath.Join(dir, filepath.Base(file)), read(t, file))
			}
		}
	}
	write(t, filepath.Join(dir, "nats_ca.pem"), read(t, filepath.Join(secretsDir, "nats", "ca.pem")))
	return dir
}

// checkConfig has the program load a configuration with the secrets of a region, and finds secrets spelt out in it.
func checkConfig(t *testing.T, name, region, conf string, env ...string) {
	t.Helper()
	dir := shown(t, region)
	file := write(t, filepath.Join(t.TempDir(), "paymux.yaml"), strings.ReplaceAll(conf, secretPath, dir+"/"))
	if out, err := paymux(t, env, "config", "check", "-c", file); err != nil {
		t.Errorf("%s: %s", name, out)
		return
	}
	out, err := paymux(t, env, "config", "print", "-c", file, "-o", "json")
	if err != nil {
		t.Errorf("%s: %s", name, out)
		return
	}
	var keys []struct {
		Key   string
		Value any
	}
	if err := json.Unmarshal([]byte(out), &keys); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.Value == "[redacted]" && k.Key != "nats.url" {
			t.Errorf("%s: %s is spelt out, and belongs into a file", name, k.Key)
		}
	}
	for _, a := range list(at(documents(t, name, conf)[0], "accounts")) {
		options, _ := at(a, "options").(object)
		for option, value := range options {
			secret := strings.Contains(option, "key") || strings.Contains(option, "secret")
			if kind, _, _ := strings.Cut(text(value), ":"); secret && kind != "file" && kind != "env" && kind != "key" {
				t.Errorf("%s: option %s of account %s is spelt out", name, option, text(at(a, "name")))
			}
		}
	}
}

// regionFiles are the configurations of processes of a region, by their paths.
func regionFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("config/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files
}

func TestExampleConfigurationsAreLoaded(t *testing.T) {
	t.Parallel()
	checkConfig(t, "config/operator.yaml", "east", read(t, "config/operator.yaml"))
	roles := map[string]bool{}
	for _, file := range regionFiles(t) {
		region := filepath.Base(filepath.Dir(file))
		conf := read(t, file)
		checkConfig(t, file, region, conf)
		role := texts(at(documents(t, file, conf)[0], "roles"))
		if len(role) != 1 || !strings.HasPrefix(filepath.Base(file), role[0]) {
			t.Errorf("%s has the roles %v", file, role)
		}
		roles[region+" "+role[0]] = true
	}
	if len(roles) != 8 {
		t.Errorf("two regions with four roles each are wanted, not %v", roles)
	}
}

// Both regions are alike but for names and numbers, and the assignment list knows them as they are.
func TestRegionsAreAsTheAssignmentListHasThem(t *testing.T) {
	t.Parallel()
	assigned, err := relay.ParseList([]byte(read(t, "config/assignment.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]int{}
	for _, r := range assigned.Regions {
		listed[r.Name] = int(r.Number)
	}
	seen := map[string]bool{}
	for _, file := range regionFiles(t) {
		conf := read(t, file)
		doc, name := documents(t, file, conf)[0], filepath.Base(filepath.Dir(file))
		seen[name] = true
		if at(doc, "region", "name") != name || at(doc, "region", "number") != listed[name] || listed[name] == 0 {
			t.Errorf("%s is of region %v; the assignment list has %v", file, at(doc, "region"), listed)
		}
		if name == "west" {
			twin := strings.ReplaceAll(conf, "west", "east")
			twin = strings.Replace(twin, "number: 2", "number: 1", 1)
			if other := filepath.Join("config/east", filepath.Base(file)); twin != read(t, other) {
				t.Errorf("%s and %s differ in more than their region", file, other)
			}
		}
	}
	if len(seen) != len(listed) {
		t.Errorf("configurations of %v, a list of %v", seen, listed)
	}
}

// Nodes and operators, who make buckets, make them in the third place, on all its servers.
func TestBucketsAreInTheWitness(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"config/operator.yaml", "config/east/node.yaml", "config/west/node.yaml"} {
		nats := at(documents(t, file, read(t, file))[0], "nats")
		servers, err := filepath.Glob(filepath.Join(secretsDir, "nats", text(at(nats, "state_cluster"))+"-*"))
		if at(nats, "state_cluster") != "witness" || err != nil || at(nats, "replicas") != len(servers) {
			t.Errorf("%s has %v; there are the servers %v", file, nats, servers)
		}
	}
}

// What ends a process waits for longer than it takes: what a frontend serves on, and 40 s for what is under way.
func TestProcessesMayFinish(t *testing.T) {
	t.Parallel()
	const work = 40 * time.Second
	longest := time.Duration(0)
	groups := map[string]bool{}
	for _, region := range []string{"east", "west"} {
		file := "config/" + region + "/frontend.yaml"
		access := at(documents(t, file, read(t, file))[0], "access")
		drain, err := time.ParseDuration(text(at(access, "drain")))
		if err != nil || drain <= 0 {
			t.Errorf("%s: access.drain: %v", file, err)
		}
		longest = max(longest, drain)
		groups[text(at(access, "standby_group"))] = true
	}
	if len(groups) != 2 || groups[""] {
		t.Errorf("the regions' frontends are of the groups %v: each has its own primary", groups)
	}
	for name, s := range services(t, "compose/compose.yaml") {
		if grace, err := time.ParseDuration(text(s.rest["stop_grace_period"])); err != nil || grace < longest+work {
			t.Errorf("%s is killed after %s, %v", name, grace, err)
		}
	}
	for name, u := range units(t) {
		if grace, err := time.ParseDuration(u["TimeoutStopSec"][0] + "s"); err != nil || grace < longest+work {
			t.Errorf("%s is killed after %s, %v", name, grace, err)
		}
	}
	for _, r := range releases(t) {
		drain, err := time.ParseDuration(text(at(openChart(t).values, "frontend", "drain")))
		for _, p := range pods(t, r) {
			if grace, ok := p.spec["terminationGracePeriodSeconds"].(int); p.name != "paymux-postgresql" && (!ok || err != nil || time.Duration(grace)*time.Second < drain+work) {
				t.Errorf("%s: %s is killed after %d s", r, p.name, grace)
			}
		}
	}
}
