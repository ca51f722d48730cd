// Package rehearsal runs services of a closed side where nothing they do stays or is seen: on a copy-on-write view of all
// disks, with folders for what is gone after a boot, and in a network of their own that leads nowhere.
package rehearsal

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Place is where a rehearsal happens, on a side of one move.
type Place struct {
	Folder string // all of it, on one file system in memory
	Units  string // where the units of a rehearsal are written
	Prefix string // of their names
}

func (p Place) View() string                { return filepath.Join(p.Folder, "view") }
func (p Place) Network() string             { return filepath.Join(p.Folder, "network") }
func (p Place) UnitName(unit string) string { return p.Prefix + unit }

// dropped are settings of systemd.exec(5) and systemd.service(5) that reach past a view, and what a rehearsal says itself.
var dropped = map[string]bool{
	"Restart": true, "RestartSec": true, "RuntimeMaxSec": true, "TimeoutStopSec": true, "TimeoutSec": true, "PIDFile": true,
	"RootDirectoryStartOnly": true, "MountAPIVFS": true, "NetworkNamespacePath": true, "PrivateNetwork": true, "Sockets": true,
	"StandardInput": true, "StandardOutput": true, "StandardError": true, "TTYPath": true, "LogNamespace": true,
	"FailureAction": true, "SuccessAction": true, "StartLimitAction": true, "StartLimitBurst": true, "StartLimitInterval": true, "RebootArgument": true,
	"RuntimeDirectory": true, "StateDirectory": true, "CacheDirectory": true, "LogsDirectory": true, "ConfigurationDirectory": true,
}

// foreign are settings that look at paths of the node itself, or at its bus.
var foreign = []string{"RootDirectory", "RootImage", "MountImages", "ExtensionImages", "ExtensionDirectories", "BindPaths", "BusName"}

// Rewrite makes of a service what can be rehearsed of it: what is said of the service, without whom it wants beside it.
// `files` are its unit file and drop-ins, in the order in which systemd reads them, `shown` what systemd says of its user
// and folders. `why` says what keeps it from that.
func Rewrite(unit string, files []string, shown map[string]string, p Place, forSeconds int) (text, why string) {
	if filepath.Ext(unit) != ".service" {
		return "", "it is no service"
	}
	kept := folders(shown)
	for _, file := range files {
		section := ""
		for _, line := range logicalLines(file) {
			if strings.HasPrefix(line, "[") {
				section = line
				continue
			}
			key, value, ok := strings.Cut(line, "=")
			key, value = strings.TrimSpace(key), strings.TrimSpace(value)
			if section != "[Service]" || !ok || dropped[key] {
				continue
			}
			if slices.Contains(foreign, key) && value != "" || key == "Type" && value == "dbus" {
				return "", "it says " + key + "="
			}
			if strings.HasPrefix(key, "Exec") {
				value = confined(value)
			}
			kept = append(kept, key+"="+named(value, unit))
		}
	}
	return fmt.Sprintf(`[Unit]
Description=Rehearsal of %s by Lifeboat
DefaultDependencies=no
StartLimitIntervalSec=0

[Service]
%s
Restart=no
RuntimeMaxSec=%d
TimeoutStopSec=5s
RootDirectory=%s
RootDirectoryStartOnly=no
MountAPIVFS=yes
BindReadOnlyPaths=-/run/systemd/notify -/run/systemd/journal
PrivateNetwork=no
NetworkNamespacePath=%s
StandardInput=null
StandardOutput=journal
StandardError=journal
`, escaped(unit), strings.Join(kept, "\n"), forSeconds, p.View(), p.Network()), ""
}

// kinds of folders that systemd makes for a service, on the node itself: a view has its own.
var kinds = []struct{ setting, place, variable string }{
	{"RuntimeDirectory", "/run", "RUNTIME_DIRECTORY"},
	{"StateDirectory", "/var/lib", "STATE_DIRECTORY"},
	{"CacheDirectory", "/var/cache", "CACHE_DIRECTORY"},
	{"LogsDirectory", "/var/log", "LOGS_DIRECTORY"},
	{"ConfigurationDirectory", "/etc", "CONFIGURATION_DIRECTORY"},
}

// Settings are what Rewrite wants to be shown.
func Settings() []string {
	names := []string{"User", "Group"}
	for _, kind := range kinds {
		names = append(names, kind.setting, kind.setting+"Mode")
	}
	return names
}

// folders are lines that make those of a service in its view, and tell where they are.
func folders(shown map[string]string) []string {
	lines := []string{}
	for _, kind := range kinds {
		paths := []string{}
		for _, name := range strings.Fields(shown[kind.setting]) {
			name, _, _ = strings.Cut(name, ":")
			paths = append(paths, filepath.Join(kind.place, name))
		}
		if len(paths) == 0 {
			continue
		}
		all := strings.Join(paths, " ")
		make := fmt.Sprintf("mkdir -p %s && chown %s:%s %s && chmod %s %s", all, orRoot(shown["User"]), shown["Group"], all, shown[kind.setting+"Mode"], all)
		lines = append(lines, fmt.Sprintf(`ExecStartPre=-!/bin/sh -c "%s"`, escaped(make)), fmt.Sprintf("Environment=%s=%s", kind.variable, escaped(strings.Join(paths, ":"))))
	}
	return lines
}

func orRoot(user string) string {
	if user == "" {
		return "root"
	}
	return user
}

// logicalLines joins lines that end with a backslash and leaves comments out, as systemd.syntax(7) has it.
func logicalLines(text string) []string {
	lines, open := []string{}, ""
	for _, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
			continue
		}
		if strings.HasSuffix(line, `\`) {
			open += strings.TrimSuffix(line, `\`) + " "
			continue
		}
		if whole := strings.TrimSpace(open + line); whole != "" {
			lines = append(lines, whole)
		}
		open = ""
	}
	if whole := strings.TrimSpace(open); whole != "" {
		lines = append(lines, whole)
	}
	return lines
}

// confined keeps a command in its view whose prefix `+` may take it out, as `!` does not: as root all the same.
func confined(command string) string {
	rest := strings.TrimLeft(command, "@-:+!")
	prefix := command[:len(command)-len(rest)]
	if !strings.Contains(prefix, "+") {
		return command
	}
	prefix = strings.ReplaceAll(prefix, "+", "")
	if !strings.Contains(prefix, "!") {
		prefix += "!"
	}
	return prefix + rest
}

// named puts in what specifiers say of a unit's own name, which is another one here. `%i` is the same in both.
func named(value, unit string) string {
	stem := strings.TrimSuffix(unit, ".service")
	prefix, _, _ := strings.Cut(stem, "@")
	return strings.NewReplacer("%%", "%%", "%n", escaped(unit), "%N", escaped(stem), "%p", escaped(prefix)).Replace(value)
}

func escaped(text string) string { return strings.ReplaceAll(text, "%", "%%") }
