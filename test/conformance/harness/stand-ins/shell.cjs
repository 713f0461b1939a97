// Just enough for test/common to load (it calls these two at once), so that a
// test fails by its own doing and not by common's.
let ms = 500;
module.exports = {
  getDefaultAutoSelectFamilyAttemptTimeout: () => ms,
  setDefaultAutoSelectFamilyAttemptTimeout: (v) => {
    ms = v;
  },
};
