// Real web servers' configuration, containers, an rpm database and a node with little else than busybox, as the script reads them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseInside } from '../../src/core/inside/parse.ts'
import type { Inside } from '../../src/core/inside/schema.ts'
import { allSections, insideScript } from '../../src/nodes/inside/script.ts'
import { look, missing, openPrivatePlace, type PrivatePlace } from '../support/private-place.ts'

const only = (...names: readonly string[]) => allSections().filter(({ name }) => names.includes(name))
const read = async (place: PrivatePlace, names: readonly string[], who: 'root' | 'plain' = 'root'): Promise<Inside> =>
  parseInside(await look(place, only(...names), who), '')
const names = ({ virtualHosts }: Inside): string[] => (virtualHosts ?? []).map(({ name }) => name)
const files = ({ certificates }: Inside): string[] => (certificates ?? []).map(({ file }) => file)

const sites = {
  nginx: String.raw`# server_name commented.example;
server { listen 127.0.0.1:8443 ssl; server_name one.shop.example two.shop.example; ssl_certificate certs/both.pem; ssl_certificate_key certs/both.pem; }
server {
  listen 127.0.0.1:8081;   # it was: server_name old.shop.example;
  server_name three.shop.example
    four.shop.example;
}`,
  private: 'server { listen 127.0.0.1:8082; server_name private.shop.example; }',
  apache: `<VirtualHost 127.0.0.1:8444>
  servername https://apache.shop.example:8444
  ServerAlias "alias.shop.example" *.a.shop.example
  SSLEngine on
  SSLCertificateFile certs/apache.pem
</VirtualHost>`,
  haproxy: 'frontend web\n  bind :443 ssl crt /etc/haproxy/certs/ crt /etc/nginx/certs/both.pem alpn h2',
}

/** Folders of packages that are not installed here are made. */
const webServers = `mkdir -p /etc/nginx/certs /etc/nginx/sites-available /etc/nginx/sites-enabled /etc/nginx/conf.d /etc/haproxy/certs
mkdir -p /etc/apache2/certs /etc/apache2/sites-available /etc/apache2/sites-enabled
rm -f /etc/nginx/sites-enabled/* /etc/apache2/sites-enabled/*
cd /etc/nginx/certs
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out both.pem -days 90 -subj '/O=Shop, Inc/CN=www.shop.example' -addext 'subjectAltName=DNS:www.shop.example,DNS:*.shop.example' 2>/dev/null
cat key >>both.pem
cp both.pem /etc/apache2/certs/apache.pem
cp both.pem /etc/haproxy/certs/site.pem
chmod 600 /etc/haproxy/certs/site.pem
ln -s ../sites-available/shop /etc/nginx/sites-enabled/shop
ln -s ../sites-available/shop.conf /etc/apache2/sites-enabled/shop.conf
cat >/etc/nginx/sites-available/shop <<'END'
${sites.nginx}
END
(umask 077; echo '${sites.private}' >/etc/nginx/conf.d/private.conf)
cat >/etc/apache2/sites-available/shop.conf <<'END'
${sites.apache}
END
echo '${sites.haproxy}' >/etc/haproxy/haproxy.cfg`

describe('a look at real programs', { concurrency: true }, async () => {
  it('finds names and certificates however a configuration is written, and says what may not be read', { skip: await missing('openssl') }, async (t) => {
    const place = await openPrivatePlace(t)
    await place.run(webServers)
    // The servers themselves take it, where they are installed.
    if ((await missing('nginx')) === false) await place.run('nginx -t')
    if ((await missing('apachectl')) === false)
      await place.run('ln -s ../mods-available/ssl.load ../mods-available/socache_shmcb.load /etc/apache2/mods-enabled/; apachectl -t')
    const inside = await read(place, ['web'])
    const ofApache = ['apache.shop.example', 'alias.shop.example', '*.a.shop.example']
    const open = ['one.shop.example', 'two.shop.example', 'three.shop.example', 'four.shop.example']
    assert.deepEqual(names(inside).sort(), [...ofApache, ...open, 'private.shop.example'].sort())
    assert.deepEqual(files(inside), ['/etc/apache2/certs/apache.pem', '/etc/haproxy/certs/site.pem', '/etc/nginx/certs/both.pem'])
    const expires = new Date((await place.run('openssl x509 -noout -enddate -in /etc/nginx/certs/both.pem')).trim().replace('notAfter=', ''))
    const both = {
      subject: 'O = "Shop, Inc", CN = www.shop.example',
      names: ['www.shop.example', '*.shop.example'],
      expires: expires.toISOString().replace('.000', ''),
    }
    assert.deepEqual(inside.certificates?.at(-1), { file: '/etc/nginx/certs/both.pem', ...both })
    assert.ok(!inside.unseen.some(({ what }) => what.startsWith('web') || what.startsWith('certificates')), JSON.stringify(inside.unseen))
    assert.ok(!(await look(place, only('web'))).includes('PRIVATE KEY'))

    const plain = await read(place, ['web'], 'plain')
    assert.deepEqual([names(plain).sort(), files(plain).length], [[...ofApache, ...open].sort(), 2])
    assert.deepEqual(
      plain.unseen.filter(({ what }) => what.startsWith('web') || what.startsWith('certificates')),
      [
        { what: 'web.files', why: 'configuration that only others may read was left out' },
        { what: 'certificates.file', why: 'a certificate that is configured cannot be read: /etc/haproxy/certs/site.pem' },
      ],
    )
  })

  it('finds containers of Docker, and says so when Docker refuses', { skip: await missing('docker', 'dockerd') }, async (t) => {
    const place = await openPrivatePlace(t)
    await place.run(`mkdir -p /run/docker /run/empty/bin
      dockerd --iptables=false --ip6tables=false --bridge=none --data-root /run/docker/data --exec-root /run/docker/exec -p /run/docker.pid --storage-driver vfs -H unix:///run/docker.sock >/run/docker.log 2>&1 &
      tries=0
      until docker version >/dev/null 2>&1; do tries=$((tries + 1)); [ $tries -lt 200 ]; sleep 0.1; done
      tar -C /run/empty -c . | docker import - tiny:1 >/dev/null
      docker create --name web-1 --network host tiny:1 /bin/true >/dev/null`)
    const id = (await place.run('docker ps --all --quiet --filter name=web-1')).trim()
    assert.deepEqual((await read(place, ['containers'])).containers, [{ engine: 'docker', id, image: 'tiny:1', status: 'Created', ports: '', name: 'web-1' }])
    const { containers, unseen } = await read(place, ['containers'], 'plain')
    assert.deepEqual([containers, unseen.find(({ what }) => what === 'containers.docker')?.why], [null, 'docker does not answer us'])
  })

  it('finds containers of Podman as root alone', { skip: await missing('podman') }, async (t) => {
    const place = await openPrivatePlace(t)
    await place.run(`mkdir -p /var/lib/containers /run/empty
      mount -t tmpfs scratch /var/lib/containers
      podman --storage-driver vfs --cgroup-manager cgroupfs create --name web-1 -p 127.0.0.1:8080:80 --rootfs /run/empty /bin/true >/dev/null`)
    const [id, image, status] = (await place.run("podman ps --all --format '{{.ID}}|{{.Image}}|{{.Status}}'")).trim().split('|')
    assert.deepEqual((await read(place, ['containers'])).containers, [{ engine: 'podman', id, image, status, ports: '127.0.0.1:8080->80/tcp', name: 'web-1' }])
    const plain = await read(place, ['containers'], 'plain')
    assert.deepEqual([plain.containers, plain.unseen.find(({ what }) => what === 'containers.podman')?.why], [null, 'only root sees the containers of podman'])
    assert.equal(await place.run('find /home/plain -newer /etc/passwd -type f'), '')
  })

  it('finds the package behind a port and of a job where rpm is the one that knows', { skip: await missing('rpm', 'rpmbuild', 'busybox') }, async (t) => {
    const place = await openPrivatePlace(t)
    await place.run(`mkdir -p /run/rpm /etc/rpm /var/lib/rpm
      echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros
      cat >/run/rpm/shop.spec <<'END'
Name: shop-server
Version: 2.4
Release: 7.el9
Summary: A shop
License: MIT
%description
A shop.
%install
mkdir -p %{buildroot}/usr/sbin %{buildroot}/etc/cron.d
cp "$(command -v busybox)" %{buildroot}/usr/sbin/shopd
echo 'port = 8099' >%{buildroot}/etc/shop.conf
echo '5 4 * * * root /usr/sbin/shopd' >%{buildroot}/etc/cron.d/shop
%files
/usr/sbin/shopd
%config(noreplace) /etc/shop.conf
/etc/cron.d/shop
END
      rpmbuild --define '_topdir /run/rpm/b' --define '__os_install_post %{nil}' --define 'debug_package %{nil}' -bb /run/rpm/shop.spec >/dev/null 2>&1
      rpm -i --nodeps /run/rpm/b/RPMS/*/*.rpm 2>/dev/null
      echo '5 4 * * * root /bin/true' >/etc/cron.d/own
      mount --bind /dev/null "$(command -v dpkg-query)"
      # Under the name that says which of its programs it is to be.
      bash -c 'exec -a nc /usr/sbin/shopd -l -p 8099' >/dev/null 2>&1 </dev/null &
      until grep -q ':1FA3 ' /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done`)
    const before = await place.run('md5sum /var/lib/rpm/rpmdb.*[!m]')
    const inside = await read(place, ['sockets', 'cron'])
    assert.deepEqual(
      inside.listeners?.map(({ port, program, package: origin }) => [port, program, origin]),
      [[8099, '/usr/sbin/shopd', { name: 'shop-server', version: '2.4-7.el9', configuration: ['/etc/shop.conf'] }]],
    )
    const jobs = new Map(inside.jobs?.map(({ file, packaged }) => [file, packaged]))
    assert.deepEqual([jobs.get('/etc/cron.d/shop'), jobs.get('/etc/cron.d/own')], [true, false])
    assert.equal(await place.run('md5sum /var/lib/rpm/rpmdb.*[!m]'), before)
  })

  it('needs no more than busybox has', { skip: await missing('busybox') }, async (t) => {
    const place = await openPrivatePlace(t)
    // Its rpm and dpkg stay: they are what must not be taken for the real ones.
    await place.run(`mkdir /run/busybox
      for name in $(busybox --list); do ln -s "$(command -v busybox)" /run/busybox/$name; done
      ln -s /bin/dash /etc/link-out-of-etc
      printf 'server=192.0.2.77\n' >/etc/shop.conf
      echo '5 4 * * * root /bin/true' >/etc/cron.d/own`)
    const script = insideScript(
      50,
      allSections().filter(({ name }) => name !== 'changes'),
    ).replaceAll('PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin', 'PATH=/run/busybox')
    const { stdout, stderr } = await place.attempt(['env', 'PATH=/run/busybox', '/run/busybox/ash', '-s'], script)
    assert.equal(stderr, '')
    const inside = parseInside(stdout, '')
    assert.deepEqual(
      inside.unseen
        .map(({ what }) => what)
        .filter((what) => what !== 'changes' && what !== 'certificates')
        .sort(),
      ['services.state', 'timers', 'versions'],
    )
    assert.deepEqual(
      inside.literals?.filter(({ file }) => /shop|link/.test(file)),
      [{ address: '192.0.2.77', file: '/etc/shop.conf' }],
    )
    assert.equal(inside.jobs?.find(({ file }) => file === '/etc/cron.d/own')?.packaged, null)
    assert.deepEqual([inside.system?.kernel, inside.users?.at(-1)?.name, inside.versions], [(await place.run('uname -r')).trim(), 'plain', null])
    assert.ok((inside.mounts?.find(({ place: at }) => at === '/')?.sizeMiB ?? 0) > 0)
  })
})
