package rehearsal

import (
	"strings"
	"testing"
	"testing/quick"
)

var place = Place{Folder: "/run/lifeboat-web-1/rehearsal", Units: "/run/systemd/system", Prefix: "lifeboat-web-1-rehearsal-"}

func rewritten(t *testing.T, unit string, shown map[string]string, files ...string) string {
	t.Helper()
	text, why := Rewrite(unit, files, shown, place, 600)
	if why != "" {
		t.Fatalf("%s: %s", unit, why)
	}
	return text
}

func TestOnlyTheServiceItselfIsKept(t *testing.T) {
	text := rewritten(t, "shop.service", nil, `[Unit]
Requires=postgresql.service
OnFailure=page.service
[Service]
# ExecStart=/elsewhere
Type=forking
PIDFile=/run/shop.pid
Environment=A=1 \
  B=2
ExecStart=/usr/bin/shop
Restart=always
StandardOutput=append:/srv/shop/log
StateDirectory=shop
[Install]
WantedBy=multi-user.target
`, "[Service]\nExecStart=\nExecStart=/usr/bin/shop --fast\n")
	for _, kept := range []string{"Type=forking", "Environment=A=1    B=2", "ExecStart=\nExecStart=/usr/bin/shop --fast\n"} {
		if !strings.Contains(text, kept) {
			t.Errorf("%q is missing in\n%s", kept, text)
		}
	}
	for _, gone := range []string{"postgresql", "page.service", "/elsewhere", "PIDFile", "Restart=always", "append:", "StateDirectory", "WantedBy"} {
		if strings.Contains(text, gone) {
			t.Errorf("%q is left in\n%s", gone, text)
		}
	}
	if at := strings.Index(text, "RootDirectory="); at < strings.Index(text, "--fast") {
		t.Error("what a rehearsal says comes last, so that it holds")
	}
}

func TestWhatReachesPastAViewIsNotRehearsed(t *testing.T) {
	for unit, file := range map[string]string{
		"a.service": "[Service]\nBindPaths=/srv/shop:/data",
		"b.service": "[Service]\nRootDirectory = /srv/root",
		"c.service": "[Service]\nType=dbus",
		"d.socket":  "[Socket]\nListenStream=80",
		"e.service": "[Service]\nBusName=org.example",
	} {
		if text, why := Rewrite(unit, []string{file}, nil, place, 600); why == "" {
			t.Errorf("%s is rehearsed:\n%s", unit, text)
		}
	}
	rewritten(t, "f.service", nil, "[Service]\nBindPaths=\n") // nothing is bound
}

func TestFoldersAreMadeInTheView(t *testing.T) {
	text := rewritten(t, "shop.service", map[string]string{"User": "shop", "StateDirectory": "shop shop/more:link", "StateDirectoryMode": "0750"}, "[Service]\nExecStart=/a\n")
	for _, line := range []string{
		`ExecStartPre=-!/bin/sh -c "mkdir -p /var/lib/shop /var/lib/shop/more && chown shop: /var/lib/shop /var/lib/shop/more && chmod 0750 /var/lib/shop /var/lib/shop/more"`,
		"Environment=STATE_DIRECTORY=/var/lib/shop:/var/lib/shop/more",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%q is missing in\n%s", line, text)
		}
	}
}

func TestNamesAreThoseOfTheService(t *testing.T) {
	text := rewritten(t, "web@7.service", nil, "[Service]\nExecStart=/a %n %N %p %i %%n\n")
	if !strings.Contains(text, "ExecStart=/a web@7.service web@7 web %i %%n\n") {
		t.Error(text)
	}
}

// A command with `+` would run on the node itself; no other prefix is changed, and no word of a command.
func TestNoCommandLeavesTheView(t *testing.T) {
	for command, want := range map[string]string{"+/a +b": "!/a +b", "-+/a": "-!/a", "+!!/a": "!!/a", "@-:/a x": "@-:/a x", "": ""} {
		if got := confined(command); got != want {
			t.Errorf("%q: %q, not %q", command, got, want)
		}
	}
	err := quick.Check(func(prefix []byte, rest string) bool {
		command := ""
		for _, b := range prefix {
			command += string("@-:+!"[int(b)%5])
		}
		command += "/" + rest
		got := confined(command)
		head := got[:len(got)-len(strings.TrimLeft(got, "@-:+!"))]
		return !strings.Contains(head, "+") && strings.HasSuffix(got, "/"+rest)
	}, nil)
	if err != nil {
		t.Error(err)
	}
}

// Whatever stands in a unit file, sections that a rehearsal leaves out stay out and its own words stay last.
func TestAnyUnitFile(t *testing.T) {
	err := quick.Check(func(unit, service string) bool {
		clean := func(text string) string { return strings.NewReplacer("[", "", "\\", "").Replace(text) }
		text, why := Rewrite("a.service", []string{"[Unit]\nWants=secret-" + clean(unit) + "\n[Service]\n" + clean(service)}, nil, place, 60)
		return why != "" || !strings.Contains(text, "secret-") && strings.HasSuffix(text, "StandardError=journal\n")
	}, nil)
	if err != nil {
		t.Error(err)
	}
}
