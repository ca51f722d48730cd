// Package install puts the helper of a move under systemd's care, and takes it away.
package install

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"lifeboat/helper/internal/client"
	"lifeboat/helper/internal/durable"
	"lifeboat/helper/internal/paths"
	"lifeboat/helper/internal/units"
)

// Install writes the units and starts the daemon, or starts it anew when this program is another version, unless
// connections live in the one that runs: they would be cut. It answers what it did.
func Install(ctx context.Context, p paths.Paths, version string) (map[string]any, error) {
	if err := os.MkdirAll(p.Folder(), 0o700); err != nil {
		return nil, err
	}
	changed := false
	for unit, text := range unitTexts(p) {
		if have, err := os.ReadFile(p.UnitFile(unit)); err == nil && string(have) == text {
			continue
		}
		if err := durable.Write(p.UnitFile(unit), []byte(text), 0o644); err != nil {
			return nil, err
		}
		changed = true
	}
	if changed {
		if err := units.Reload(ctx); err != nil {
			return nil, err
		}
	}
	if err := units.Do(ctx, "enable", "--quiet", p.HelperUnit()); err != nil {
		return nil, err
	}
	told := map[string]any{"ok": true, "version": version, "restarted": false}
	running, err := units.Running(ctx, []string{p.HelperUnit()})
	if err != nil {
		return nil, err
	}
	word := "start"
	if running[p.HelperUnit()] {
		hello, err := client.Ask(p, map[string]any{"op": "hello"})
		counts, _ := client.Ask(p, map[string]any{"op": "holder"})
		switch {
		case err == nil && hello["build"] == Build() && !changed:
			return told, nil
		case carries(counts) || err == nil && hello["phase"] != "idle":
			told["version"], told["waits"] = hello["version"], "connections or an attempt depend on the helper that runs"
			return told, nil
		}
		word = "restart"
		told["restarted"] = true
	}
	return told, units.Do(ctx, word, p.HelperUnit())
}

// Uninstall takes units and drop-ins away again. It is called by the daemon itself, which End stops last. systemd does not
// read anew yet: it would forget how this unit is stopped (KillMode=), and wait for processes that may be gone already.
func Uninstall(ctx context.Context, p paths.Paths) error {
	units.Do(ctx, "stop", p.DeadManTimer())
	if err := units.Do(ctx, "disable", "--quiet", p.HelperUnit()); err != nil {
		return err
	}
	if err := units.Guard(ctx, p, nil); err != nil {
		return err
	}
	for unit := range unitTexts(p) {
		if err := os.Remove(p.UnitFile(unit)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// End stops the daemon, which calls it and first gives its last answer, and lets systemd forget the unit. A unit of its own
// does that: what the daemon starts itself may be ended with it.
func End(ctx context.Context, p paths.Paths) error {
	words := "sleep 0.2; systemctl stop " + p.HelperUnit() + "; systemctl daemon-reload"
	out, err := exec.CommandContext(ctx, "systemd-run", "--quiet", "--no-block", "--collect", "--unit="+p.EndUnit(), "sh", "-c", words).CombinedOutput()
	if err != nil {
		return fmt.Errorf("systemd-run: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Entomb takes away what only an attempt needs: the dead man and its clock. Who claims the node again installs first.
func Entomb(ctx context.Context, p paths.Paths) error {
	units.Do(ctx, "stop", p.DeadManTimer())
	for _, unit := range []string{p.DeadManTimer(), p.DeadManUnit()} {
		if err := os.Remove(p.UnitFile(unit)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return units.Reload(ctx)
}

// Build tells two builds of one version apart: a digest of the program that runs.
func Build() string {
	content, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

func carries(counts map[string]any) bool {
	held, _ := counts["held"].(float64)
	spliced, _ := counts["spliced"].(float64)
	return held+spliced > 0
}

// unitTexts: the helper comes before the network and before every service that it guards (their drop-ins say After=), so
// that a closed side is closed and a forwarding one forwards before anything could start.
func unitTexts(p paths.Paths) map[string]string {
	return map[string]string{
		p.HelperUnit(): fmt.Sprintf(`# Kept by Lifeboat for the move %q.
[Unit]
Description=Lifeboat helper of %s
DefaultDependencies=no
After=local-fs.target systemd-sysctl.service systemd-modules-load.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=%s daemon --move %s
Restart=always
RestartSec=100ms
TimeoutStartSec=20s
TimeoutStopSec=5s
KillMode=process
LimitNOFILE=1048576
OOMScoreAdjust=-900

[Install]
WantedBy=multi-user.target
`, p.Move, p.Move, p.Program(), p.Move),
		p.DeadManUnit(): fmt.Sprintf(`# Kept by Lifeboat for the move %q.
[Unit]
Description=Lifeboat dead man of %s

[Service]
Type=oneshot
ExecStart=%s deadman --move %s
TimeoutStartSec=%ds
LogLevelMax=warning
`, p.Move, p.Move, p.Program(), p.Move, int((90 * time.Second).Seconds())),
		p.DeadManTimer(): fmt.Sprintf(`# Kept by Lifeboat for the move %q. Runs only while an attempt is open.
[Unit]
Description=Lifeboat dead man of %s

[Timer]
OnActiveSec=2s
OnUnitInactiveSec=2s
AccuracySec=100ms
`, p.Move, p.Move),
	}
}
