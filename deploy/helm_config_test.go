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
	cmd := exec.CommandContext(t.Context(), "helm/secrets.sh", secretsDir, site)
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
				if given[m[1]] == "" && !slices.Contains(copied(p), m[1]) {
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

// copied are the files that a pod's first containers leave for the others.
func copied(p pod) (all []string) {
	for _, c := range list(p.spec["initContainers"]) {
		command := texts(at(c, "command"))
		all = append(all, command[len(command)-1])
	}
	return all
}

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
			conf = strings.Replace(conf, "file:/run/keys/master.key", "file:"+secretPath+"keys_master", 1)
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

func TestChartNATSConfigurationsFitTogether(t *testing.T) {
	var sites []site
	for _, r := range releases(t)[1:4] {
		t.Setenv("PAYMUX_NATS_NAME", r.site+"-paymux-nats-0")
		conf := configMaps(r)["paymux-nats"]["nats.conf"]
		sites = append(sites, site{r.site, parsed(t, r.site, conf, "/etc/paymux/nats.conf", "/run/nats"), 3})
		for _, p := range pods(t, r) {
			if given := files(p); p.name == "paymux-nats" && (given["/run/nats/server.key"] == "" || given["/run/nats/permissions.conf"] == "" || given["/run/nats/nats_ca.pem"] == "") {
				t.Errorf("%s: NATS is given %v", r, given)
			}
		}
	}
	checkSites(t, sites)
}
