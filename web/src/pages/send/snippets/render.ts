/**
 * Fills a template. `{{shell service}}` is a value, quoted for where it stands; forms join from the
 * right: `{{shell+json service}}`. A line with `{{when key}}` is left out when there is no key.
 * tests/snippets.py has the same rules; both are held to golden.json.
 */

export interface Asked {
  /** Such as "http://127.0.0.1:4318". */
  endpoint: string;
  grpcEndpoint: string;
  serviceName: string;
  apiKey: string | null;
}

/** What templates can name. */
export type Values = Readonly<Record<string, string | null>>;

const PLACE = /\{\{(\w+(?:\+\w+)*) (\w+)\}\}/g;
const HOST = /^(\w+:\/\/)(\[[^\]]*\]|[^:/]*)/;

export function valuesOf({ endpoint, grpcEndpoint, serviceName, apiKey }: Asked): Values {
  const headers = apiKey === null ? null : `kf-api-key=${encodeURIComponent(apiKey)}`;
  const tls = endpoint.startsWith("https://");
  return {
    endpoint,
    grpc_endpoint: grpcEndpoint,
    pod_endpoint: isLoopback(endpoint) ? endpoint.replace(HOST, "$1YOUR-CLEW-HOST") : endpoint,
    service: serviceName,
    key: apiKey,
    key_header: apiKey === null ? null : `kf-api-key: ${apiKey}`,
    headers,
    tls: tls ? "yes" : null,
    plain: tls ? null : "yes",
  };
}

/** Somebody on another machine cannot reach it. */
export function isLoopback(endpoint: string): boolean {
  const host = HOST.exec(endpoint)?.[2] ?? "";
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}

export function render(template: string, values: Values): string {
  return template
    .split("\n")
    .flatMap((line) => {
      let kept = true;
      const shown = line.replace(PLACE, (_, forms: string, name: string) => {
        const value = values[name];
        if (value === undefined) throw new Error(`no value is called ${name}`);
        if (forms === "when") {
          kept &&= value !== null;
          return "";
        }
        return forms.split("+").reduceRight(inForm, value ?? "");
      });
      return kept ? [shown] : [];
    })
    .join("\n");
}

function inForm(value: string, form: string): string {
  const write = FORMS[form];
  if (write === undefined) throw new Error(`no form is called ${form}`);
  return write(value);
}

const FORMS: Readonly<Record<string, (value: string) => string>> = {
  shell: quoteShell,
  yaml: quoteJson, // YAML 1.2 takes JSON's strings
  json: quoteJson,
  // The Collector and Kubernetes replace $NAME, ${NAME} and $(NAME); two of them are one.
  dollars: (value) => value.replaceAll("$", "$$$$"),
};

/** One word for sh, bash and zsh. What a terminal or an eye could be tricked with is left out. */
function quoteShell(value: string): string {
  const plain = value.replace(UNPRINTABLE, "");
  if (/^[\w@%+=:,./-]+$/.test(plain)) return plain;
  return `'${plain.replaceAll("'", `'"'"'`)}'`;
}

function quoteJson(value: string): string {
  return JSON.stringify(value).replace(
    UNPRINTABLE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

// Control characters but tab and newline, separators of lines, and marks that turn the direction.
const UNPRINTABLE = /[^\P{Cc}\t\n]|[\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu;
