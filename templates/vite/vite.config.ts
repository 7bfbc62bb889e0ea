import adjoint from "adjoint/vite";
import { defineConfig } from "vite";

// keeps generated/ current: edit models/spirals.ts while the page is open
export default defineConfig({ plugins: [adjoint()] });
