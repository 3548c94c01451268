package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
