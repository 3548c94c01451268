package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// files are the files that Secrets and ConfigMaps make in a pod: by their paths, the Secret's name and key.
func files(p pod) map[string]string {
	at0 := map[string]string{} // where each volume is mounted
	for _, c := range containers(p) {
		for _, m := range list(at(c, "volumeMounts")) {
			at0[text(at(m, "name"))] = text(at(m, "mountPath"))
		}
	}
	found := map[string]string{}
	put := func(volume, secret string, items any) {
		for _, item := range list(items) {
			found[at0[volume]+"/"+text(at(item, "path"))] = secret + "/" + text(at(item, "key"))
		}
	}
	for _, v := range list(p.spec["volumes"]) {
		name := text(at(v, "name"))
		put(name, text(at(v, "secret", "secretName")), at(v, "secret", "items"))
		for _, source := range list(at(v, "projected", "sources")) {
			put(name, text(at(source, "secret", "name")), at(source, "secret", "items"))
		}
	}
	return found
}

// kubectl is a program that notes which Secrets it was asked to make.
const kubectl = `#!/bin/sh
case "$*" in *apply*) cat >/dev/null; exit ;; esac
echo "$*" >>"$NOTES"
`

// installed are the Secrets that helm/secrets.sh makes for a site, as name/key.
func installed(t *testing.T, site string) (all []string) {
	t.Helper()
	dir := t.TempDir()
	program, notes := filepath.Join(dir, "kubectl"), filepath.Join(dir, "notes")
	if err := os.WriteFile(program, []byte(kubectl), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "helm/secrets.sh", clusterDir, site)
	cmd.Env = append(cmd.Environ(), "KUBECTL="+program, "NOTES="+notes)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	asked := regexp.MustCompile(`^-n paymux-` + site + ` create secret generic (\S+) (.*) --dry-run=client`)
	for line := range strings.Lines(read(t, notes)) {
		m := asked.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("kubectl was asked %q", line)
		}
		for _, field := range strings.Fields(m[2]) {
			key, _, _ := strings.Cut(strings.TrimPrefix(field, "--from-file="), "=")
			all = append(all, m[1]+"/"+key)
		}
	}
	return all
}

// Every process is given the secrets that its configuration names and no others, from Secrets that helm/secrets.sh makes.
func TestChartGivesEachRoleItsSecrets(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		made := installed(t, r.site)
		configs := configMaps(r)
		for _, p := range pods(t, r) {
			given := files(p)
			var names []string
			for path, secret := range given {
				if !slices.Contains(made, secret) {
					t.Errorf("%s: %s wants Secret %s, which secrets.sh does not make: %v", r, p.name, secret, made)
				}
				if name, ok := strings.CutPrefix(path, secretPath); ok {
					names = append(names, name)
				}
			}
			conf, ok := configs[p.name]["paymux.yaml"]
			if !ok {
				continue
			}
			for _, m := range fileRef.FindAllStringSubmatch(conf, -1) {
				if given[m[1]] == "" {
					t.Errorf("%s: %s names %s, which nothing puts there", r, p.name, m[1])
				}
			}
			if named := namedSecrets(conf); !slices.Equal(named, sorted(names)) {
				t.Errorf("%s: %s is given %v and names %v", r, p.name, sorted(names), named)
			}
		}
	}
}

var fileRef = regexp.MustCompile(`file:(/\S+)`)

// configMaps are the texts of a release's ConfigMaps by their names and files. A workload's has its name.
func configMaps(r release) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, o := range r.objects {
		if o["kind"] == "ConfigMap" {
			data := map[string]string{}
			for file, content := range at(o, "data").(object) {
				data[file] = text(content)
			}
			all[text(at(o, "metadata", "name"))] = data
		}
	}
	return all
}

func TestChartConfigurationsAreLoaded(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		loaded := map[string]bool{}
		for name, data := range configMaps(r) {
			conf, ok := data["paymux.yaml"]
			if !ok {
				continue
			}
			checkConfig(t, r.site+" "+name, r.site, conf)
			doc := documents(t, name, conf)[0]
			if at(doc, "region", "name") != r.site {
				t.Errorf("%s: %s is of region %v", r, name, at(doc, "region"))
			}
			for _, role := range texts(doc["roles"]) {
				loaded[role] = true
			}
		}
		if want := 3 + min(1, len(list(r.values["gateways"]))); !r.witness && len(loaded) != want || r.witness && len(loaded) != 0 {
			t.Errorf("%s: there are configurations of %v", r, loaded)
		}
	}
}

// A value's key wins over what the chart says, in the role that it is for.
func TestChartConfigurationsCanBeChanged(t *testing.T) {
	t.Parallel()
	values := object{
		"config":   object{"log": object{"level": "warn"}, "nats": object{"wait": "1m"}},
		"frontend": object{"instances": []any{object{"name": "a", "replicas": 1, "config": object{"log": object{"level": "debug"}}}, object{"name": "b", "replicas": 1}}},
	}
	configs := configMaps(release{objects: openChart(t).render("n", values)})
	for name, level := range map[string]string{"paymux-frontend-a": "debug", "paymux-frontend-b": "warn", "paymux-node": "warn"} {
		doc := documents(t, name, configs[name]["paymux.yaml"])[0]
		if at(doc, "log", "level") != level || at(doc, "nats", "wait") != "1m" || text(at(doc, "nats", "ca")) == "" {
			t.Errorf("%s: %v", name, doc)
		}
	}
}

// Each NATS server finds its own folder, and processes call it by the name it has a certificate for.
func TestChartNATSServersHaveTheirFolders(t *testing.T) {
	t.Parallel()
	if !strings.Contains(read(t, "README.md"), "NATS_HOST="+clusterHost+" ") {
		t.Errorf("README.md does not say that servers are called %s", clusterHost)
	}
	for _, r := range releases(t) {
		i := slices.IndexFunc(pods(t, r), func(p pod) bool { return p.name == "paymux-nats" })
		given := files(pods(t, r)[i])
		args := texts(at(containers(pods(t, r)[i])[0], "args"))
		for _, o := range r.objects {
			if o["kind"] == "StatefulSet" && at(o, "metadata", "name") == "paymux-nats" && at(o, "spec", "ordinals", "start") != 1 {
				t.Errorf("%s: servers are counted from %v", r, at(o, "spec", "ordinals"))
			}
		}
		for n := 1; n <= 3; n++ {
			name := fmt.Sprintf("%s-%d", r.site, n)
			conf := strings.ReplaceAll(args[len(args)-1], "$(POD_INDEX)", strconv.Itoa(n))
			if conf != natsPath+"/"+name+"/nats.conf" || given[conf] != "paymux-nats/"+name+".nats.conf" {
				t.Errorf("%s: a server is started with %s; there are %v", r, conf, given)
			}
			for _, m := range namedFile.FindAllStringSubmatch(everything(t, filepath.Join(clusterDir, "nats", name)), -1) {
				if given[m[1]] == "" {
					t.Errorf("%s: %s names %s, which nothing puts there", r, name, m[1])
				}
			}
		}
		for name, data := range configMaps(r) {
			checkNames(t, clusterDir, r.site, clientURLs(t, name, data["paymux.yaml"]))
		}
	}
}

var namedFile = regexp.MustCompile(`_file: "([^"]+)"`)

// What is off by default is off, and what is turned on is in every role's configuration.
func TestChartRolesAreWatched(t *testing.T) {
	t.Parallel()
	all := releases(t)
	for _, r := range all {
		full := r.values["trace"] != nil
		for name, data := range configMaps(r) {
			conf := documents(t, name, data["paymux.yaml"])[0]
			if at(conf, "monitor", "listen") != "0.0.0.0:9090" {
				t.Errorf("%s: %s is watched at %v", r, name, at(conf, "monitor"))
			}
			if traced := at(conf, "trace", "endpoint") != nil && at(conf, "trace", "headers") == "file:"+secretPath+"trace_headers"; traced != full {
				t.Errorf("%s: %s sends its traces: %v", r, name, at(conf, "trace"))
			}
		}
		for _, id := range []string{"PodMonitor/paymux", "NetworkPolicy/paymux-trace", "NetworkPolicy/paymux-monitor"} {
			if r.has(id) != full {
				t.Errorf("%s: there is %s: %t", r, id, r.has(id))
			}
		}
	}
}

// Of a group one frontend at a time is ready: nothing waits for the others to be, and nothing but readiness tells them apart.
func TestChartFrontendsStandBy(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		group := text(at(r.values, "frontend", "standbyGroup"))
		for name, data := range configMaps(r) {
			if conf := documents(t, name, data["paymux.yaml"])[0]; strings.HasPrefix(name, "paymux-frontend") && text(at(conf, "access", "standby_group")) != group {
				t.Errorf("%s: %s is of %v", r, name, at(conf, "access"))
			}
		}
		for _, o := range r.objects {
			if name := text(at(o, "metadata", "name")); o["kind"] == "Deployment" && strings.HasPrefix(name, "paymux-frontend") {
				if waits := at(o, "spec", "strategy", "type") != "Recreate"; waits == (group != "") {
					t.Errorf("%s: %s is changed by %v", r, name, at(o, "spec", "strategy"))
				}
			}
		}
		if r.has("PodDisruptionBudget/paymux-frontend") != (group == "" && !r.witness) {
			t.Errorf("%s: a budget that counts standbys as lost, or none", r)
		}
	}
}
