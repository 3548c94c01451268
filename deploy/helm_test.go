package deploy_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
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
				"Service/paymux-frontend", "PodDisruptionBudget/paymux-node")
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
				selector := maps.Clone(at(o, "spec", "selector").(object))
				delete(selector, "apps.kubernetes.io/pod-index") // which Kubernetes gives each of a StatefulSet
				met(what, selector)
			case "PodDisruptionBudget", "PodMonitor":
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

// checkPorts: every container of ours is asked whether it has started, is alive and is ready, at ports that it has.
func checkPorts(t *testing.T, name string, c any) {
	t.Helper()
	var ports []string
	for _, port := range list(at(c, "ports")) {
		ports = append(ports, text(at(port, "name")))
	}
	for _, kind := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		probe := at(c, kind)
		if probe == nil && !strings.HasPrefix(name, "paymux-postgresql") {
			t.Errorf("%s has no %s", name, kind)
		}
		if probe != nil {
			if path := text(at(probe, "httpGet", "path")); kind == "livenessProbe" && strings.Contains(path, "ready") {
				t.Errorf("%s is ended when something else is not well: %s", name, path)
			}
			if port := at(probe, "httpGet", "port"); port != nil && !slices.Contains(ports, text(port)) {
				t.Errorf("%s: %s asks at port %v of %v", name, kind, port, ports)
			}
		}
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
