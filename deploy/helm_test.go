package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pod is the pod of a workload.
type pod struct {
	name   string
	labels object
	spec   object
}

// pods are those of all workloads of a release; each workload selects its own.
func pods(t *testing.T, r release) (all []pod) {
	t.Helper()
	for _, o := range r.objects {
		template, ok := at(o, "spec", "template").(object)
		if !ok {
			continue
		}
		p := pod{text(at(o, "metadata", "name")), at(template, "metadata", "labels").(object), at(template, "spec").(object)}
		if !matches(at(o, "spec", "selector", "matchLabels"), p.labels) {
			t.Errorf("%s: %s does not select its own pods", r, p.name)
		}
		for _, other := range all {
			if matches(at(o, "spec", "selector", "matchLabels"), other.labels) {
				t.Errorf("%s: %s selects the pods of %s", r, p.name, other.name)
			}
		}
		all = append(all, p)
	}
	return all
}

func matches(selector any, labels object) bool {
	want, _ := selector.(object)
	for key, value := range want {
		if labels[key] != value {
			return false
		}
	}
	return len(want) > 0
}

func containers(p pod) []any {
	return append(list(p.spec["initContainers"]), list(p.spec["containers"])...)
}

func TestChartObjectsAreWhole(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		seen := map[string]bool{}
		for _, o := range r.objects {
			id := text(o["kind"]) + "/" + text(at(o, "metadata", "name"))
			if text(o["apiVersion"]) == "" || strings.HasSuffix(id, "/") || seen[id] || o["kind"] == "Secret" {
				t.Errorf("%s: %s is there twice, lacks something, or holds a secret", r, id)
			}
			seen[id] = true
		}
		want := []string{"StatefulSet/paymux-nats", "PodDisruptionBudget/paymux-nats", "NetworkPolicy/paymux", "ServiceAccount/paymux"}
		if !r.witness {
			want = append(want, "Deployment/paymux-frontend-a", "Deployment/paymux-frontend-b", "Deployment/paymux-node", "StatefulSet/paymux-keys",
				"Service/paymux-frontend", "PodDisruptionBudget/paymux-frontend", "PodDisruptionBudget/paymux-node")
		}
		for _, g := range list(r.values["gateways"]) {
			want = append(want, "Deployment/paymux-gateway-"+text(at(g, "channel")))
		}
		for _, id := range want {
			if !seen[id] {
				t.Errorf("%s: %s is missing", r, id)
			}
		}
		if workloads := len(pods(t, r)); r.witness && workloads != 1 {
			t.Errorf("%s: a witness with %d workloads", r, workloads)
		}
	}
}

// What selects pods selects some: services, budgets, policies and the peers they name.
func TestChartSelectorsMeetLabels(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		all := pods(t, r)
		met := func(what string, selector any) {
			if !slices.ContainsFunc(all, func(p pod) bool { return matches(selector, p.labels) }) {
				if gateway := strings.HasSuffix(what, "paymux-gateway"); !gateway || len(list(r.values["gateways"])) > 0 {
					t.Errorf("%s: %s selects nobody by %v", r, what, selector)
				}
			}
		}
		for _, o := range r.objects {
			what := text(o["kind"]) + " " + text(at(o, "metadata", "name"))
			switch o["kind"] {
			case "Service":
				met(what, at(o, "spec", "selector"))
			case "PodDisruptionBudget":
				met(what, at(o, "spec", "selector", "matchLabels"))
			case "NetworkPolicy":
				if what != "NetworkPolicy paymux-nats-clients" || !r.witness {
					met(what, at(o, "spec", "podSelector", "matchLabels"))
				}
				for _, rule := range append(list(at(o, "spec", "ingress")), list(at(o, "spec", "egress"))...) {
					for _, peer := range append(list(at(rule, "from")), list(at(rule, "to"))...) {
						if labels := at(peer, "podSelector", "matchLabels"); labels != nil && !(r.witness && strings.Contains(text(labels), "client")) {
							met(what, labels)
						}
					}
				}
			}
		}
	}
}

func TestChartContainersAreGuarded(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		for _, p := range pods(t, r) {
			if at(p.spec, "securityContext", "runAsNonRoot") != true || p.spec["automountServiceAccountToken"] != false {
				t.Errorf("%s: %s may be root, or has a token of the cluster", r, p.name)
			}
			for _, c := range containers(p) {
				name := p.name + "/" + text(at(c, "name"))
				if !pinned(text(at(c, "image"))) {
					t.Errorf("%s: %s: image %v moves", r, name, at(c, "image"))
				}
				guard := at(c, "securityContext")
				if at(guard, "readOnlyRootFilesystem") != true || at(guard, "allowPrivilegeEscalation") != false || !slices.Contains(texts(at(guard, "capabilities", "drop")), "ALL") {
					t.Errorf("%s: %s has rights it does not need: %v", r, name, guard)
				}
				if at(c, "resources", "requests") == nil {
					t.Errorf("%s: %s asks for no resources", r, name)
				}
				checkPorts(t, name, c)
			}
			checkMounts(t, r, p)
		}
	}
}

// checkPorts: probes ask at ports that the container has, and who has ports has probes.
func checkPorts(t *testing.T, name string, c any) {
	t.Helper()
	var ports []string
	for _, port := range list(at(c, "ports")) {
		ports = append(ports, text(at(port, "name")))
	}
	probes := 0
	for _, kind := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		if probe := at(c, kind); probe != nil {
			probes++
			if port := at(probe, "httpGet", "port"); port != nil && !slices.Contains(ports, text(port)) {
				t.Errorf("%s: %s asks at port %v of %v", name, kind, port, ports)
			}
		}
	}
	if len(ports) > 0 && at(c, "readinessProbe") == nil {
		t.Errorf("%s has ports and no readiness", name)
	}
	if len(ports) == 0 && probes > 0 {
		t.Errorf("%s has %d probes and no port", name, probes)
	}
}

// checkMounts: what is mounted is a volume, and what is a volume is mounted.
func checkMounts(t *testing.T, r release, p pod) {
	t.Helper()
	var volumes, mounted []string
	for _, v := range list(p.spec["volumes"]) {
		volumes = append(volumes, text(at(v, "name")))
	}
	for _, o := range r.objects {
		if at(o, "metadata", "name") == p.name {
			for _, claim := range list(at(o, "spec", "volumeClaimTemplates")) {
				volumes = append(volumes, text(at(claim, "metadata", "name")))
			}
		}
	}
	for _, c := range containers(p) {
		for _, m := range list(at(c, "volumeMounts")) {
			mounted = append(mounted, text(at(m, "name")))
		}
	}
	if have, use := sorted(volumes), slices.Compact(sorted(mounted)); !slices.Equal(have, use) {
		t.Errorf("%s: %s has the volumes %v and mounts %v", r, p.name, have, use)
	}
}

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
			if named := namedSecrets(conf); !slices.Equal(named, sorted(names)) {
				t.Errorf("%s: %s is given %v and names %v", r, p.name, sorted(names), named)
			}
		}
	}
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

// The schema knows every value there is, so that none is refused; what it does not know is a mistake.
func TestChartSchemaKnowsAllValues(t *testing.T) {
	t.Parallel()
	var schema object
	if err := json.Unmarshal([]byte(read(t, chartDir+"/values.schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	var compare func(path string, known, values object)
	compare = func(path string, known, values object) {
		for key, value := range values {
			property, ok := at(known, "properties", key).(object)
			if !ok {
				t.Errorf("the schema lacks %s%s", path, key)
				continue
			}
			if inner, ok := value.(object); ok && property["properties"] != nil {
				compare(path+key+".", property, inner)
			}
		}
		properties, _ := known["properties"].(object)
		for key := range properties {
			if _, ok := values[key]; !ok && path+key != "global" {
				t.Errorf("values.yaml lacks %s%s, which the schema has", path, key)
			}
		}
	}
	compare("", schema, openChart(t).values)
}

// helmProgram finds Helm, which ./check installs; empty: it is not there.
func helmProgram(t *testing.T) string {
	t.Helper()
	here, err := filepath.Abs("../.tools/bin/helm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(here); err == nil {
		return here
	}
	if found, err := exec.LookPath("helm"); err == nil {
		return found
	}
	if os.Getenv("PAYMUX_CHECK") == "1" {
		t.Fatal("helm is missing: ./check installs it into .tools/bin")
	}
	t.Skip("helm is not installed (./check installs it into .tools/bin)")
	return ""
}

// Helm itself takes the chart with the schema, and makes of it what all tests above have seen.
func TestHelmRendersTheSame(t *testing.T) {
	t.Parallel()
	helm := helmProgram(t)
	for _, r := range releases(t) {
		values, err := json.Marshal(r.values)
		if err != nil {
			t.Fatal(err)
		}
		file := write(t, filepath.Join(t.TempDir(), "values.yaml"), string(values))
		common := []string{"-f", file, "-n", "paymux-" + r.site, "--kube-version", "1.30.0"}
		if out, err := exec.CommandContext(t.Context(), helm, append([]string{"lint", "--strict", chartDir}, common...)...).CombinedOutput(); err != nil {
			t.Errorf("%s: helm lint: %v\n%s", r, err, out)
		}
		out, err := exec.CommandContext(t.Context(), helm, append([]string{"template", "paymux", chartDir}, common...)...).Output()
		if err != nil {
			t.Errorf("%s: helm template: %v", r, err)
			continue
		}
		if diff := cmp.Diff(byName(t, r.objects), byName(t, documents(t, "helm", string(out)))); diff != "" {
			t.Errorf("%s: (-this test, +Helm)\n%s", r, diff)
		}
	}
	for name, bad := range map[string]string{"a typing error": "node.replica=3", "two NATS servers": "nats.replicas=2", "an image that moves": "image.tag=latest"} {
		out, err := exec.CommandContext(t.Context(), helm, "template", "paymux", chartDir, "--kube-version", "1.30.0", "--set", bad).CombinedOutput()
		if err == nil {
			t.Errorf("%s is taken: %s", name, out)
		}
	}
}

// byName are objects by kind and name, with configurations as what they say: two writers of YAML may set it differently.
func byName(t *testing.T, objects []object) map[string]object {
	t.Helper()
	all := map[string]object{}
	for _, o := range objects {
		id := text(o["kind"]) + "/" + text(at(o, "metadata", "name"))
		if conf, ok := at(o, "data", "paymux.yaml").(string); ok {
			o = over(o, object{"data": object{"paymux.yaml": documents(t, id, conf)[0]}})
		}
		if meta := at(o, "spec", "template", "metadata", "annotations"); meta != nil && at(meta, "checksum/config") != nil {
			o = over(o, object{"spec": object{"template": object{"metadata": object{"annotations": object{"checksum/config": "of the text"}}}}})
		}
		all[id] = o
	}
	return all
}
