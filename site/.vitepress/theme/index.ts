import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme';
import TheRace from './TheRace.vue';
import './style.css';

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('TheRace', TheRace);
  },
} satisfies Theme;
