import {
  CircleHelp,
  Monitor,
  Moon,
  PanelLeftClose,
  PanelLeftOpen,
  Settings2,
  Sun,
  TextSearch,
  Unplug,
} from "lucide-react";
import { type ReactElement, type ReactNode, useState } from "react";
import { NavLink, useLocation, useNavigate } from "react-router";
import { sendPath, tracesPath } from "../route/paths";
import clew from "../shared/clew.svg";
import { type Theme, useRail, useTheme, useZone } from "../shared/settings";
import { useShortcut } from "../shared/shortcuts";
import { Menu, MenuChoices, MenuSeparator } from "../shared/ui/menu";
import { Tooltip } from "../shared/ui/tooltip";
import { KeyDialog } from "./key-dialog";
import styles from "./shell.module.css";
import { ShortcutHelp } from "./shortcut-help";

const THEMES = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
] as const;
const ZONES = [
  ["local", "Local time"],
  ["utc", "UTC"],
] as const;
const THEME_ICONS: Record<Theme, ReactElement> = {
  system: <Monitor size={16} />,
  light: <Sun size={16} />,
  dark: <Moon size={16} />,
};

/** The frame around every page: navigation, settings, help, and the question for a key. */
export function Shell({ children }: { children: ReactNode }): ReactNode {
  const [rail, setRail] = useRail();
  const [help, setHelp] = useState(false);
  const navigate = useNavigate();
  const narrow = rail === "narrow";
  useShortcut("?", "Show the keyboard map", "Everywhere", () => setHelp(true));
  useShortcut("g t", "Go to the Trace Explorer", "Everywhere", () => navigate(tracesPath()));
  useShortcut("g s", "Go to Send data", "Everywhere", () => navigate(sendPath()));
  return (
    <div className={styles.shell}>
      <a href="#main" className={`${styles.link} ${styles.skip}`}>
        Skip to the page
      </a>
      <nav className={styles.nav} aria-label="Pages" data-narrow={narrow || undefined}>
        <NavLink to="/" className={styles.brand ?? ""} aria-label="Clew, start page">
          <img src={clew} alt="" />
          {narrow ? null : <span className={styles.wideOnly}>Clew</span>}
        </NavLink>
        {narrow ? null : <p className={styles.group}>APM</p>}
        <PageLink to={tracesPath()} icon={<TextSearch size={16} />} narrow={narrow}>
          Trace Explorer
        </PageLink>
        <PageLink to={sendPath()} icon={<Unplug size={16} />} narrow={narrow}>
          Send data
        </PageLink>
        <span className={styles.spring} />
        <Named narrow={narrow} name="Keyboard map">
          <button
            type="button"
            className={styles.link}
            aria-label="Keyboard map"
            onClick={() => setHelp(true)}
          >
            <CircleHelp size={16} />
            {narrow ? null : <span className={styles.wideOnly}>Keyboard map</span>}
          </button>
        </Named>
        <Settings narrow={narrow} />
        <Named narrow={narrow} name="Expand the navigation">
          <button
            type="button"
            className={`${styles.link} ${styles.wideOnly}`}
            aria-label={narrow ? "Expand the navigation" : "Collapse the navigation"}
            onClick={() => setRail(narrow ? "wide" : "narrow")}
          >
            {narrow ? <PanelLeftOpen size={16} /> : <PanelLeftClose size={16} />}
            {narrow ? null : <span>Collapse</span>}
          </button>
        </Named>
      </nav>
      <main id="main" className={styles.main} tabIndex={-1}>
        {children}
      </main>
      <ShortcutHelp open={help} onClose={() => setHelp(false)} />
      <KeyDialog />
    </div>
  );
}

function Settings({ narrow }: { narrow: boolean }): ReactNode {
  const [theme, setTheme] = useTheme();
  const [zone, setZone] = useZone();
  return (
    <Menu
      side="right"
      align="end"
      trigger={
        <button type="button" className={styles.link} aria-label="Settings">
          <Settings2 size={16} />
          {narrow ? null : <span className={styles.wideOnly}>Settings</span>}
        </button>
      }
    >
      <MenuChoices
        label="Theme"
        value={theme}
        onChange={setTheme}
        choices={THEMES.map(([value, text]) => [
          value,
          <span key={value} className={styles.choice}>
            {THEME_ICONS[value]} {text}
          </span>,
        ])}
      />
      <MenuSeparator />
      <MenuChoices label="Times in" value={zone} onChange={setZone} choices={ZONES} />
    </Menu>
  );
}

interface PageLinkProps {
  to: string;
  icon: ReactElement;
  narrow: boolean;
  children: string;
}

function PageLink({ to, icon, narrow, children }: PageLinkProps): ReactNode {
  const { pathname } = useLocation();
  // The time range goes along; what else is in the address belongs to the page.
  const kept = new URLSearchParams();
  const now = new URLSearchParams(window.location.search);
  for (const name of ["last", "start", "end"]) {
    const value = now.get(name);
    if (value !== null) kept.set(name, value);
  }
  const search = pathname === to ? "" : kept.toString();
  return (
    <Named narrow={narrow} name={children}>
      <NavLink to={{ pathname: to, search }} className={styles.link ?? ""} aria-label={children}>
        {icon}
        {narrow ? null : <span className={styles.wideOnly}>{children}</span>}
      </NavLink>
    </Named>
  );
}

interface NamedProps {
  narrow: boolean;
  name: string;
  children: ReactElement<Record<string, unknown>>;
}

function Named({ narrow, name, children }: NamedProps): ReactNode {
  if (!narrow) return children;
  return (
    <Tooltip text={name} side="right">
      {children}
    </Tooltip>
  );
}
